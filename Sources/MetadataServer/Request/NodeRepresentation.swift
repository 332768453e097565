// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import MetadataTree
import NIOCore
import RequestSigning

/// A node's metadata as HTTP carries it.
struct NodeRepresentation {
    private let body: [UInt8]
    private let entityTag: String
    private let modified: Int

    /// - Throws: `DigestError`.
    init(_ node: NodeRecord) throws {
        body = JSONWriter.bytes(of: node.metadata)
        modified = node.modified
        let digest = try MessageDigest.hmacSHA256(body, key: [])
        entityTag =
            "\"" + digest.prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
    }

    /// Whether the request says that its sender has this representation: by its tag or, with none, by its date.
    func isKnown(to request: Request) -> Bool {
        let tags = request.headers[values: .ifNoneMatch]
        guard tags.isEmpty else {
            return tags.flatMap { $0.split(separator: ",") }.contains { tag in
                let bare = tag.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
                let text = String(bare)
                return text == "*" || text == entityTag || text == "W/" + entityTag
            }
        }
        guard let since = request.headers[.ifModifiedSince] else { return false }
        return since == HTTPDate.text(modified)
    }

    /// 304 for a client that has it, else the whole.
    ///
    /// - Parameter waited: the wait that was asked for: the answer says that it was granted.
    func response(to request: Request, waited: Int?) -> Response {
        var headers: HTTPFields = [
            .eTag: entityTag, .lastModified: HTTPDate.text(modified), .cacheControl: "no-cache",
        ]
        if let waited { headers[.preferenceApplied] = "wait=\(waited)" }
        guard !isKnown(to: request) else { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = "application/json"
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension HTTPField.Name {
    static let prefer = HTTPField.Name("Prefer")!
    static let preferenceApplied = HTTPField.Name("Preference-Applied")!
}
