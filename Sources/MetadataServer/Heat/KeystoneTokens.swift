// SPDX-License-Identifier: Apache-2.0

import Glibc
import MetadataStore
import RequestSigning

/// Tokens of Keystone's that say whose they are and until when, signed with the user's password: nothing is kept of them, and a new
/// password ends them all.
struct KeystoneTokens: Sendable {
    static let life = 3600

    let store: any MetadataStore
    var now: @Sendable () -> Int = { time(nil) }

    /// - Throws: `DigestError`.
    func token(for heat: NodeRecord.Heat) throws -> (token: String, expires: Int) {
        let expires = now() + Self.life
        return ("\(expires)-\(try Self.signature(heat, expires))-\(SignatureV2.quoted(heat.userID))", expires)
    }

    /// The node whose token this is; nil: nobody's.
    ///
    /// - Throws: `StoreError`, `DigestError`.
    func node(of token: String?) async throws -> (NodeRecord, NodeRecord.Heat)? {
        guard let token else { return nil }
        let parts = token.split(separator: "-", maxSplits: 2)
        guard parts.count == 3, let expires = Int(parts[0]), expires > now() else { return nil }
        let user = QueryString.decoded(parts[2], plusIsSpace: false)
        guard let node = try await store.node(with: .userID(user)), let heat = node.credentials.heat else {
            return nil
        }
        let expected = try Self.signature(heat, expires)
        return MessageDigest.areEqual(Array(expected.utf8), Array(parts[1].utf8)) ? (node, heat) : nil
    }

    private static func signature(_ heat: NodeRecord.Heat, _ expires: Int) throws -> String {
        MessageDigest.hexadecimal(
            try MessageDigest.hmacSHA256(
                Array("\(expires) \(heat.userID)".utf8), key: Array("keystone \(heat.password)".utf8)))
    }
}
