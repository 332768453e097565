// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTPTypes
import MetadataStore
import RequestSigning

/// Tells whose key signed a request: version 2 of the signature in the query, version 4 in the header or the query.
struct CloudFormationSignature {
    /// How far a time stamp may be from our time, in seconds.
    static let skewLimit = 300

    let method: String
    let host: String
    let path: String
    let query: QueryString
    let headers: HTTPFields
    let body: [UInt8]
    /// What stands behind the question mark, as it came.
    let rawQuery: String
    var now: @Sendable () -> Int = { time(nil) }

    /// - Throws: `CloudFormationError` when it is nobody's; `StoreError`; `DigestError`.
    func node(in store: any MetadataStore) async throws -> NodeRecord {
        if let header = headers[.authorization], header.hasPrefix(Self.algorithm) {
            return try await versionFour(Self.fields(of: header), in: store)
        }
        if query["X-Amz-Algorithm"] == Self.algorithm {
            let fields = ["Credential", "SignedHeaders", "Signature"].map { ($0, query["X-Amz-\($0)"] ?? "") }
            return try await versionFour(Dictionary(fields) { first, _ in first }, in: store)
        }
        return try await versionTwo(in: store)
    }

    // MARK: Version 2

    /// Of a URL that was signed when it was given away: nothing else may sign it.
    ///
    /// - Throws: as `node(in:)`.
    func versionTwo(in store: any MetadataStore) async throws -> NodeRecord {
        guard let accessKey = query["AWSAccessKeyId"], let signature = query["Signature"] else {
            throw CloudFormationError.missingAuthenticationToken
        }
        guard query["SignatureVersion"] == "2", query["SignatureMethod"] == "HmacSHA256" else {
            throw CloudFormationError.invalidParameter(
                "SignatureVersion 2 with HmacSHA256, or version 4, is required")
        }
        let (node, secret) = try await owner(of: accessKey, in: store)
        let signed = SignatureV2(
            method: method, host: host, path: path,
            parameters: query.items.filter { $0.name != "Signature" })
        try check(signature, try signed.signature(secret: secret))
        if let stamp = query["Timestamp"] { try check(stamp: stamp, lifetime: 0) }
        if let expires = query["Expires"] {
            guard let end = SignedTime(expires)?.seconds, end > now() else {
                throw CloudFormationError.expired("Expires")
            }
        }
        return node
    }

    // MARK: Version 4

    private static let algorithm = "AWS4-HMAC-SHA256"

    private static func fields(of header: String) -> [String: String] {
        let items = header.dropFirst(algorithm.count).split(separator: ",").map { item in
            let parts = item.split(separator: "=", maxSplits: 1)
            return (
                String((parts.first ?? "").drop { $0 == " " }), parts.count > 1 ? String(parts[1]) : ""
            )
        }
        return Dictionary(items) { first, _ in first }
    }

    private func versionFour(
        _ fields: [String: String], in store: any MetadataStore
    ) async throws -> NodeRecord {
        let credential = (fields["Credential"] ?? "").split(separator: "/", omittingEmptySubsequences: false)
        guard credential.count == 5, credential[4] == "aws4_request", let signature = fields["Signature"],
            let stamp = headers[.amazonDate] ?? query["X-Amz-Date"]
        else {
            throw CloudFormationError.missingAuthenticationToken
        }
        let (node, secret) = try await owner(of: String(credential[0]), in: store)
        let names = (fields["SignedHeaders"] ?? "").split(separator: ";").map(String.init)
        guard names.contains("host"), stamp.hasPrefix(credential[1]) else {
            throw CloudFormationError.signatureDoesNotMatch
        }
        let signed = SignatureV4(
            method: method, path: path,
            // A form's fields are part of the body, and signed as such.
            parameters: QueryString(rawQuery).items.filter { $0.name != "X-Amz-Signature" },
            headers: try names.map { name in
                if name == "host" { return (name, host) }
                guard let field = HTTPField.Name(name) else {
                    throw CloudFormationError.signatureDoesNotMatch
                }
                return (name, headers[values: field].joined(separator: ","))
            },
            bodyDigest: MessageDigest.hexadecimal(try MessageDigest.sha256(body)), time: stamp,
            scope: credential.dropFirst().joined(separator: "/"))
        try check(signature, try signed.signature(secret: secret))
        try check(stamp: stamp, lifetime: query["X-Amz-Expires"].flatMap { Int($0) } ?? 0)
        return node
    }

    // MARK: Both

    private func owner(
        of accessKey: String, in store: any MetadataStore
    ) async throws -> (NodeRecord, secret: String) {
        guard let node = try await store.node(with: .accessKey(accessKey)),
            let secret = node.credentials.cloudFormation?.secretKey
        else {
            throw CloudFormationError.invalidClientToken
        }
        return (node, secret)
    }

    private func check(_ given: String, _ expected: String) throws {
        guard MessageDigest.areEqual(Array(expected.utf8), Array(given.utf8)) else {
            throw CloudFormationError.signatureDoesNotMatch
        }
    }

    /// - Parameter lifetime: how long it is good beyond the skew, in seconds.
    private func check(stamp: String, lifetime: Int) throws {
        guard let time = SignedTime(stamp)?.seconds, (0...604_800).contains(lifetime),
            time <= now() + Self.skewLimit, time + lifetime >= now() - Self.skewLimit
        else {
            throw CloudFormationError.expired(stamp)
        }
    }
}

/// `2026-11-25T16:45:00Z`, with or without its signs and parts of a second, in universal time.
struct SignedTime {
    /// Since 1970.
    let seconds: Int

    init?(_ text: String) {
        let whole = text.prefix { $0 != "." }
        let digits = whole.filter { $0.isASCII && $0.isNumber }
        let rest = whole.filter { !($0.isASCII && $0.isNumber) }
        guard digits.count == 14, rest.allSatisfy({ "-:TZ".contains($0) }) else { return nil }
        func number(_ start: Int, _ count: Int) -> Int32 {
            Int32(digits.dropFirst(start).prefix(count)) ?? 0
        }
        var parts = tm()
        parts.tm_year = number(0, 4) - 1900
        parts.tm_mon = number(4, 2) - 1
        parts.tm_mday = number(6, 2)
        parts.tm_hour = number(8, 2)
        parts.tm_min = number(10, 2)
        parts.tm_sec = number(12, 2)
        guard (0...11).contains(parts.tm_mon), (1...31).contains(parts.tm_mday) else { return nil }
        seconds = timegm(&parts)
    }
}

extension HTTPField.Name {
    fileprivate static let amazonDate = HTTPField.Name("X-Amz-Date")!
}
