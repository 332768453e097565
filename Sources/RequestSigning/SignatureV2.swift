// SPDX-License-Identifier: Apache-2.0

/// Signature version 2 of the AWS query APIs, as CloudFormation and heat-api-cfn take it.
///
/// Source of the format: AWS General Reference, "Signature Version 2 signing process"; keystoneclient's `Ec2Signer`.
package struct SignatureV2 {
    package let method: String
    /// As in the URL, port and all.
    package let host: String
    /// Of the URL; may be empty.
    package let path: String
    /// Decoded, without `Signature`.
    package let parameters: [(name: String, value: String)]

    package init(method: String, host: String, path: String, parameters: [(name: String, value: String)]) {
        self.method = method
        self.host = host
        self.path = path
        self.parameters = parameters
    }

    /// What is signed: four lines, the last one the parameters in the order of their names' bytes.
    package var stringToSign: String {
        let sorted = parameters.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let query = sorted.map { "\(Self.quoted($0.name))=\(Self.quoted($0.value))" }.joined(separator: "&")
        return "\(method)\n\(host)\n\(path)\n\(query)"
    }

    /// The value of the parameter `Signature`: HMAC-SHA256 in base 64.
    ///
    /// - Throws: `DigestError`.
    package func signature(secret: String) throws(DigestError) -> String {
        Base64.encode(try MessageDigest.hmacSHA256(Array(stringToSign.utf8), key: Array(secret.utf8)))
    }

    /// Percent-encoded but for the unreserved characters of RFC 3986.
    package static func quoted(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var quoted: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "."),
                UInt8(ascii: "~"):
                quoted.append(byte)
            default:
                quoted += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: quoted, as: UTF8.self)
    }
}
