// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import RequestSigning

/// The signed URLs that a node signals to. They are the same each time: metadata that has not changed stays the same.
///
/// Sources of the formats: OpenStack Heat, `signal_responder.py`; OpenStack Swift, "TempURL".
struct SignalURLs {
    enum Kind: String {
        case signal
        case waitCondition = "waitcondition"

        var method: String { self == .signal ? "POST" : "PUT" }
    }

    let node: NodeRecord
    let base: String

    /// A URL of the CloudFormation interface; nil when the node has no keys for it.
    ///
    /// - Throws: `DigestError`.
    func cloudFormation(_ kind: Kind, subject: String) throws -> String? {
        guard let keys = node.credentials.cloudFormation else { return nil }
        let name = "arn:openstack:heat::os-config:stacks/\(keys.stack)/\(keys.stack)/resources/\(subject)"
        let parameters = [
            ("SignatureMethod", "HmacSHA256"), ("SignatureVersion", "2"), ("AWSAccessKeyId", keys.accessKey),
        ]
        let signature = try SignatureV2(
            method: kind.method, host: authority, path: "/v1/\(kind.rawValue)/\(name)",
            parameters: parameters.map { (name: $0.0, value: $0.1) }
        ).signature(secret: keys.secretKey)
        let query = (parameters + [("Signature", signature)])
            .map { "\($0.0)=\(SignatureV2.quoted($0.1))" }.joined(separator: "&")
        return "\(base)/v1/\(kind.rawValue)/\(SignatureV2.quoted(name))?\(query)"
    }

    private var authority: String {
        String(base.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" }).lowercased()
    }

    /// The URL of an object that the node may write; nil when the node has no secret at all.
    ///
    /// - Throws: `DigestError`.
    func temporary(subject: String) throws -> String? {
        let path = Self.temporaryPath(node: node.name, subject: subject)
        guard let secret = Self.secrets(of: node).first else { return nil }
        let signature = try Self.signature(secret, path, Self.expiry)
        return "\(base)\(path)?temp_url_sig=\(signature)&temp_url_expires=\(Self.expiry)"
    }

    /// Deployments have no end: 2038-01-19, as Heat has it.
    static let expiry = 2_147_483_647

    static func temporaryPath(node: String, subject: String) -> String {
        "/v1/AUTH_os-config/\(SignatureV2.quoted(node))/\(SignatureV2.quoted(subject))"
    }

    /// Whether one of the node's secrets signed it: those that come later end none of the URLs that were given before.
    ///
    /// - Throws: `DigestError`.
    static func isSigned(_ signature: String, by node: NodeRecord, path: String, expires: Int) throws -> Bool
    {
        let given = Array(signature.utf8)
        return try secrets(of: node).map { secret in
            MessageDigest.areEqual(Array(try self.signature(secret, path, expires).utf8), given)
        }.contains(true)
    }

    private static func secrets(of node: NodeRecord) -> [String] {
        let credentials = node.credentials
        return [credentials.cloudFormation?.secretKey, credentials.token, credentials.heat?.password]
            .compactMap(\.self)
    }

    private static func signature(_ secret: String, _ path: String, _ expires: Int) throws -> String {
        MessageDigest.hexadecimal(
            try MessageDigest.hmacSHA256(
                Array("PUT\n\(expires)\n\(path)".utf8), key: Array("temp-url \(secret)".utf8)))
    }
}
