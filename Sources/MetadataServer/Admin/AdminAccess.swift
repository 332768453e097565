// SPDX-License-Identifier: Apache-2.0

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
        guard let given = BearerToken.of(request.head) else { return nil }
        let bytes = Array(given.utf8)
        var found: String?
        // All are compared, so that the time does not tell which fits.
        for (name, token) in tokens where MessageDigest.areEqual(token, bytes) { found = found ?? name }
        return found
    }
}
