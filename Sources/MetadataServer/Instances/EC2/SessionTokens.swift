// SPDX-License-Identifier: Apache-2.0

import Glibc
import RequestSigning

/// The session tokens of version 2 of the Instance Metadata Service: good for one address, until they expire or the server
/// starts again. Nothing is kept of them.
///
/// Source of the protocol: Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata".
struct SessionTokens: Sendable {
    /// How long one may be good for, in seconds.
    static let lives = 1...21600

    private let secret: [UInt8]
    /// Seconds since 1970.
    private let now: @Sendable () -> Int

    init(now: @escaping @Sendable () -> Int = { time(nil) }) {
        secret = (0..<32).map { _ in UInt8.random(in: 0...255) }
        self.now = now
    }

    /// A token for whoever asks from `address`.
    ///
    /// - Throws: `DigestError`.
    func token(for address: String, seconds: Int) throws -> String {
        let expires = now() + seconds
        return "\(expires)-\(try signature(address, expires))"
    }

    /// Whether `token` was made for `address` and has not expired.
    func isGood(_ token: String, for address: String) throws -> Bool {
        let parts = token.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let expires = Int(parts[0]), expires > now() else { return false }
        return MessageDigest.areEqual(Array(parts[1].utf8), Array(try signature(address, expires).utf8))
    }

    private func signature(_ address: String, _ expires: Int) throws -> String {
        MessageDigest.hexadecimal(
            try MessageDigest.hmacSHA256(Array("\(expires) \(address)".utf8), key: secret))
    }
}
