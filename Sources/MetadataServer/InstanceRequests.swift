// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import MetadataTree
import NIOCore

/// Answers to nodes that are told apart by the addresses they ask from.
struct InstanceRequests: Sendable {
    let store: any MetadataStore
    let clients: ClientAddresses

    /// What `content` makes of the node that asks; 404 when it is none of ours, or has no such thing.
    func answer(
        _ request: Request, _ context: ServerContext, type: String = "text/plain; charset=utf-8",
        _ content: (NodeRecord) -> String?
    ) async throws -> Response {
        guard let address = clients.address(of: request, context),
            let node = try await store.node(with: .address(address)), let text = content(node)
        else { return Self.text(.notFound, "") }
        return Self.text(.ok, text, type: type)
    }

    func answerJSON(
        _ request: Request, _ context: ServerContext, _ content: (NodeRecord) -> MetadataValue?
    ) async throws -> Response {
        try await answer(request, context, type: "application/json") { node in
            content(node).map { String(decoding: JSONWriter.bytes(of: $0), as: UTF8.self) }
        }
    }

    static func text(
        _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

extension MetadataValue {
    /// An object with these members, in their order.
    init(members: [(String, MetadataValue?)]) {
        var object = MetadataObject()
        for (name, value) in members { if let value { object[ByteString(name)] = value } }
        self.init(.object(object))
    }

    init(text: String) { self.init(.string(ByteString(text))) }
}
