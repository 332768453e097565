// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MetadataStore
import MetadataTree

/// Answers to nodes that are told apart by the addresses they ask from.
struct InstanceRequests: Sendable {
    let store: any MetadataStore
    let clients: ClientAddresses

    /// What `content` makes of the node that asks; 404 when it is none of ours, or has no such thing.
    func answer(
        _ request: Request, _ context: ServerContext, type: String = "text/plain; charset=utf-8",
        _ content: (NodeRecord) -> String?
    ) async throws -> Response {
        guard let address = clients.address(of: request.head, from: context.client),
            let node = try await store.node(with: .address(address)), let text = content(node)
        else { return PlainResponse.text(.notFound, "") }
        return PlainResponse.text(.ok, text, type: type)
    }

    func answerJSON(
        _ request: Request, _ context: ServerContext, _ content: (NodeRecord) -> MetadataValue?
    ) async throws -> Response {
        try await answer(request, context, type: "application/json") { node in
            content(node).map { String(decoding: JSONWriter.bytes(of: $0), as: UTF8.self) }
        }
    }
}
