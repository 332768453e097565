// SPDX-License-Identifier: Apache-2.0

/// An answer while it comes in, and no more of it than is wanted.
struct ReceivedAnswer {
    /// How many bytes all headers together may have.
    private static let headerLimit = 256 << 10

    let bodyLimit: Int
    private var headers: [(name: String, value: String)] = []
    private var body: [UInt8] = []
    private var headerBytes = 0
    /// What there was too much of; nil: nothing.
    private(set) var excess: String?

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    /// Whether the last head that came leads elsewhere.
    var isRedirect: Bool { headers.contains { $0.name.lowercased() == "location" } }

    func response(_ status: Int) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: body)
    }

    /// False when it is too much.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= bodyLimit else {
            excess = "the answer has more than \(bodyLimit) bytes"
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// Takes a line of the head; false when it is too much.
    mutating func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerLimit else {
            excess = "the head of the answer has more than \(Self.headerLimit) bytes"
            return false
        }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // The answer behind a redirect or an interim one.
            headers.removeAll()
            body.removeAll()
            return true
        }
        guard let colon = line.firstIndex(of: ":") else { return true }
        let isBlank = { (character: Character) in
            character == " " || character == "\t" || character.isNewline
        }
        var value = line[line.index(after: colon)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        headers.append((String(line[..<colon]), String(value)))
        return true
    }
}
