// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HostSystem
import Hummingbird
import RequestSigning
import SystemPackage

/// Who may administer: names and their bearer tokens.
///
/// The file has a line for each, `NAME:TOKEN`, or a token alone, which is `admin`'s. Lines that start with `#` are remarks.
struct AdminAccess: Sendable {
    private let tokens: [(name: String, token: [UInt8])]

    init(tokens: [(name: String, token: String)]) {
        self.tokens = tokens.map { ($0.name, Array($0.token.utf8)) }
    }

    /// - Throws: `HostError`; `ServerError` when the file has no token, or one that is too short to keep anybody out.
    init(file path: FilePath) throws {
        let text = String(decoding: try FileContents.read(path), as: UTF8.self)
        var tokens: [(String, String)] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.filter { !$0.isWhitespace }
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let (name, token) = parts.count == 2 ? (String(parts[0]), String(parts[1])) : ("admin", line)
            guard token.utf8.count >= 16, !name.isEmpty else {
                throw ServerError(
                    "\(path):\(number + 1): NAME:TOKEN is wanted, with a token of 16 bytes at least")
            }
            tokens.append((name, token))
        }
        guard !tokens.isEmpty else { throw ServerError("\(path) has no token") }
        self.init(tokens: tokens)
    }

    /// The name of whoever sends the request; nil: nobody who may.
    func name(of request: Request) -> String? {
        guard let given = BearerToken.of(request) else { return nil }
        let bytes = Array(given.utf8)
        var found: String?
        // All are compared, so that the time does not tell which fits.
        for (name, token) in tokens where MessageDigest.areEqual(token, bytes) { found = found ?? name }
        return found
    }
}

/// What a request proves itself with in its header `Authorization`.
enum BearerToken {
    /// A bearer token, or the password of somebody who can only name a user and a password in a URL (RFC 7617).
    static func orPassword(_ request: Request) -> Substring? {
        if let token = of(request) { return token }
        guard let encoded = credentials(of: request, scheme: "basic "), let bytes = Base64.decode(encoded)
        else { return nil }
        let pair = String(decoding: bytes, as: UTF8.self)
        return pair.firstIndex(of: ":").map { pair[pair.index(after: $0)...] }
    }

    /// RFC 6750.
    static func of(_ request: Request) -> Substring? {
        credentials(of: request, scheme: "bearer ")
    }

    /// What stands behind a scheme, which is written in any case.
    private static func credentials(of request: Request, scheme: StaticString) -> Substring? {
        guard let header = request.headers[.authorization] else { return nil }
        let bytes = header.utf8
        let isScheme = scheme.withUTF8Buffer { scheme in
            bytes.count >= scheme.count && zip(bytes, scheme).allSatisfy { $0 | 0x20 == $1 }
        }
        guard isScheme,
            let start = bytes.dropFirst(scheme.utf8CodeUnitCount).firstIndex(where: { $0 != 0x20 })
        else { return nil }
        return header[start...]
    }
}

/// What keeps the server from doing what it is asked to: one line for whoever started it.
struct ServerError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
