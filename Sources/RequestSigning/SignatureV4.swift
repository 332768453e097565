// SPDX-License-Identifier: Apache-2.0

/// Signature version 4 of AWS's interfaces.
///
/// Source of the format: AWS General Reference, "Create a signed AWS API request".
package struct SignatureV4 {
    package let method: String
    /// As it was sent.
    package let path: String
    /// Decoded, without `X-Amz-Signature`.
    package let parameters: [(name: String, value: String)]
    /// Those that are signed, with small letters, in their order.
    package let headers: [(name: String, value: String)]
    package let bodyDigest: String
    /// `20261125T164500Z`.
    package let time: String
    /// `DATE/REGION/SERVICE/aws4_request`.
    package let scope: String

    package init(
        method: String, path: String, parameters: [(name: String, value: String)],
        headers: [(name: String, value: String)], bodyDigest: String, time: String, scope: String
    ) {
        self.method = method
        self.path = path
        self.parameters = parameters
        self.headers = headers
        self.bodyDigest = bodyDigest
        self.time = time
        self.scope = scope
    }

    package var canonicalRequest: String {
        let query = parameters.map { (SignatureV2.quoted($0.name), SignatureV2.quoted($0.value)) }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let lines = headers.map { header in
            let words = header.value.split(separator: " ").joined(separator: " ")
            return "\(header.name):\(words)\n"
        }
        let names = headers.map(\.name).joined(separator: ";")
        return [method, path.isEmpty ? "/" : path, query, lines.joined(), names, bodyDigest]
            .joined(separator: "\n")
    }

    /// In hexadecimal digits.
    ///
    /// - Throws: `DigestError`.
    package func signature(secret: String) throws(DigestError) -> String {
        let digest = MessageDigest.hexadecimal(try MessageDigest.sha256(Array(canonicalRequest.utf8)))
        var key = Array("AWS4\(secret)".utf8)
        for part in scope.split(separator: "/", omittingEmptySubsequences: false) {
            key = try MessageDigest.hmacSHA256(Array(part.utf8), key: key)
        }
        let text = "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n\(digest)"
        return MessageDigest.hexadecimal(try MessageDigest.hmacSHA256(Array(text.utf8), key: key))
    }
}
