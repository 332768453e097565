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

    func isKnown(_ precondition: Precondition) -> Bool {
        precondition.knows(tag: entityTag, modified: modified)
    }

    /// 304 where it is known, else the whole.
    ///
    /// - Parameter waited: the wait that was asked for: the answer says that it was granted.
    func answer(to method: HTTPRequest.Method, isKnown: Bool, waited: Int?) -> ReadyAnswer {
        guard !isKnown else { return ReadyAnswer(head: notModified, waited: waited) }
        return ReadyAnswer(head: whole, waited: waited, body: method == .head ? nil : body)
    }
}
