// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MetadataStore
import MetadataTree
import NIOCore
import RequestSigning

/// A node's metadata as HTTP carries it.
struct NodeRepresentation {
    private let body: ByteBuffer
    private let entityTag: String
    private let modified: String
    private let whole: ReadyAnswer.Head
    private let notModified: ReadyAnswer.Head

    /// - Parameter base: of the server, as the node knows it.
    /// - Throws: `DigestError`.
    init(_ node: NodeRecord, base: String) throws {
        let bytes = JSONWriter.bytes(of: try NodeDelivery(node: node, base: base).document())
        body = ByteBuffer(bytes: bytes)
        modified = HTTPDate.text(node.modified)
        entityTag = "\"\(MessageDigest.hexadecimal(try MessageDigest.sha256(bytes).prefix(16)))\""
        let common: HTTPFields = [.eTag: entityTag, .lastModified: modified, .cacheControl: "no-cache"]
        var fields = common
        fields[.contentType] = "application/json"
        fields[.contentLength] = "\(bytes.count)"
        whole = ReadyAnswer.Head(.ok, fields)
        notModified = ReadyAnswer.Head(.notModified, common)
    }

    /// In bytes.
    var size: Int { body.readableBytes }

    /// Whether the request says that its sender has this representation: by its tag or, with none, by its date.
    func isKnown(to request: some RequestHead) -> Bool {
        let tags = request.values(of: .ifNoneMatch)
        guard tags.isEmpty else {
            if tags == [entityTag] { return true }
            return tags.flatMap { $0.split(separator: ",") }.contains {
                let bare = $0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
                let text = String(bare)
                return text == "*" || text == entityTag || text == "W/" + entityTag
            }
        }
        return request.values(of: .ifModifiedSince) == [modified]
    }

    /// 304 for a client that has it, else the whole.
    ///
    /// - Parameter waited: the wait that was asked for: the answer says that it was granted.
    func answer(to request: some RequestHead, waited: Int?) -> ReadyAnswer {
        guard !isKnown(to: request) else { return ReadyAnswer(head: notModified, waited: waited) }
        return ReadyAnswer(head: whole, waited: waited, body: request.method == .head ? nil : body)
    }
}
