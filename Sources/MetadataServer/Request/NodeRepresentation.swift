// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import MetadataTree
import NIOCore
import RequestSigning

/// A node's metadata as HTTP carries it.
struct NodeRepresentation {
    private let body: ByteBuffer
    private let entityTag: String
    private let modified: String

    /// - Parameter base: of the server, as the node knows it.
    /// - Throws: `DigestError`.
    init(_ node: NodeRecord, base: String) throws {
        let bytes = JSONWriter.bytes(of: try NodeDelivery(node: node, base: base).document())
        body = ByteBuffer(bytes: bytes)
        modified = HTTPDate.text(node.modified)
        entityTag = "\"\(MessageDigest.hexadecimal(try MessageDigest.sha256(bytes).prefix(16)))\""
    }

    /// In bytes.
    var size: Int { body.readableBytes }

    /// Whether the request says that its sender has this representation: by its tag or, with none, by its date.
    func isKnown(to request: Request) -> Bool {
        if request.headers[.ifNoneMatch] == entityTag { return true }
        let tags = request.headers[values: .ifNoneMatch]
        guard tags.isEmpty else {
            return tags.flatMap { $0.split(separator: ",") }.contains { tag in
                let bare = tag.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
                let text = String(bare)
                return text == "*" || text == entityTag || text == "W/" + entityTag
            }
        }
        guard let since = request.headers[.ifModifiedSince] else { return false }
        return since == modified
    }

    /// 304 for a client that has it, else the whole.
    ///
    /// - Parameter waited: the wait that was asked for: the answer says that it was granted.
    func response(to request: Request, waited: Int?) -> Response {
        var headers: HTTPFields = [
            .eTag: entityTag, .lastModified: modified, .cacheControl: "no-cache",
        ]
        if let waited { headers[.preferenceApplied] = "wait=\(waited)" }
        guard !isKnown(to: request) else { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = "application/json"
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}
