// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Logging
import MetadataStore
import MetadataTree

/// The interface for administrators, in JSON, for a bearer token:
///
///     GET                  /admin/v1/nodes?after=NAME&limit=N
///     GET PUT PATCH DELETE /admin/v1/nodes/{node}
///     GET PUT PATCH        /admin/v1/nodes/{node}/metadata
///     GET PUT              /admin/v1/nodes/{node}/credentials
///     GET POST             /admin/v1/nodes/{node}/deployments
///     GET DELETE           /admin/v1/nodes/{node}/deployments/{deployment}
///     GET                  /admin/v1/nodes/{node}/signals?after=REVISION&limit=N
///     GET                  /admin/v1/nodes/{node}/signal-url?name=NAME
///     GET                  /admin/v1/nodes/{node}/history
///     POST                 /admin/v1/nodes/{node}/rollback
///     GET                  /admin/v1/nodes/{node}/document
///     GET                  /admin/v1/events?after=REVISION
///     GET                  /admin/v1/events/last
///
/// `If-Match` with the `ETag` of a node, which is its revision, keeps a change from undoing another's.
struct AdminRoutes {
    static let sizeLimit = 16 << 20

    let access: AdminAccess
    let nodes: NodeAdministration
    let bases: BaseURLs

    /// What is done for a route.
    typealias Handler = @Sendable (AdminRequest) async throws -> Response

    func register(on router: Router<ServerContext>) {
        let node = "admin/v1/nodes/:node"
        let routes: [(HTTPRequest.Method, String, Handler)] = [
            (.get, "admin/v1/nodes", list), (.get, node, show), (.put, node, put), (.patch, node, patch),
            (.delete, node, remove), (.get, "\(node)/metadata", showMetadata),
            (.put, "\(node)/metadata", putMetadata), (.patch, "\(node)/metadata", patchMetadata),
            (.get, "\(node)/credentials", showCredentials), (.put, "\(node)/credentials", putCredentials),
            (.get, "\(node)/deployments", listDeployments), (.post, "\(node)/deployments", deploy),
            (.get, "\(node)/deployments/:deployment", showDeployment),
            (.delete, "\(node)/deployments/:deployment", undeploy),
            (.get, "\(node)/signals", listSignals), (.get, "\(node)/signal-url", showSignalURL),
            (.get, "\(node)/history", showHistory), (.post, "\(node)/rollback", rollBack),
            (.get, "\(node)/document", showDocument), (.get, "admin/v1/events/last", showLastEvent),
            (.get, "admin/v1/events", EventAnswers(store: nodes.store).answer),
        ]
        for (method, path, handler) in routes {
            router.on(RouterPath(path), method: method) { request, context in
                try await answer(request, context, handler)
            }
        }
    }

    private func answer(
        _ request: Request, _ context: ServerContext, _ handler: Handler
    ) async throws -> Response {
        guard let author = access.name(of: request) else {
            return Self.error(401, "a bearer token of an administrator is required")
        }
        do {
            return try await handler(AdminRequest(request: request, context: context, author: author))
        } catch let error as AdminError {
            return Self.error(error.status, error.message)
        } catch let error as HTTPError {
            return Self.error(error.status.code, error.status.reasonPhrase)
        } catch let error as StoreError {
            let status =
                switch error {
                case .conflict: request.headers[.ifNoneMatch] == nil ? 412 : 409
                case .taken: 409
                case .forgotten: 410
                case .full: 507
                case .unusable: 503
                }
            if status >= 500 { context.logger.error("\(error)") }
            return Self.error(status, error.description)
        }
    }

    private static func error(_ status: Int, _ message: String) -> Response {
        var headers = HTTPFields()
        if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        return PlainResponse.json(
            HTTPResponse.Status(code: status),
            JSONShape.object([("error", MetadataValue(string: message))]), headers: headers)
    }

    // MARK: Nodes

    @Sendable private func list(_ request: AdminRequest) async throws -> Response {
        let limit = min(max(try request.number("limit") ?? 100, 1), 1_000)
        let page = try await nodes.store.nodes(after: request.query["after"], limit: limit)
        var summaries: [MetadataValue] = []
        for node in page { summaries.append(try await nodes.view(node).summary) }
        return PlainResponse.json(
            .ok,
            JSONShape.object([
                ("nodes", JSONShape.array(summaries)),
                (
                    "next",
                    page.count == limit ? page.last.map { MetadataValue(string: $0.name) } : nil
                ),
            ]))
    }

    @Sendable private func show(_ request: AdminRequest) async throws -> Response {
        try await answer(try await nodes.node(request.node), request)
    }

    private func answer(
        _ node: NodeRecord, _ request: AdminRequest, _ status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let withCredentials = request.query["credentials"] == "true"
        return PlainResponse.json(
            status,
            try await nodes.view(node).value(
                withCredentials: withCredentials, base: bases.base(of: request.request.head)),
            headers: Self.tag(node))
    }

    private static func tag(_ node: NodeRecord) -> HTTPFields { [.eTag: "\"\(node.revision)\""] }

    @Sendable private func put(_ request: AdminRequest) async throws -> Response {
        let node = try await nodes.put(
            request.node, try await request.body(), try request.precondition, author: request.author)
        return try await answer(node, request)
    }

    @Sendable private func patch(_ request: AdminRequest) async throws -> Response {
        let node = try await nodes.patch(
            request.node, try await request.body(), try request.precondition, author: request.author)
        return try await answer(node, request)
    }

    @Sendable private func remove(_ request: AdminRequest) async throws -> Response {
        try await nodes.remove(request.node, try request.precondition, author: request.author)
        return Response(status: .noContent)
    }

    // MARK: Parts of a node

    @Sendable private func showMetadata(_ request: AdminRequest) async throws -> Response {
        let node = try await nodes.node(request.node)
        return PlainResponse.json(.ok, node.metadata, headers: Self.tag(node))
    }

    @Sendable private func putMetadata(_ request: AdminRequest) async throws -> Response {
        let body = try await request.body()
        let node = try await nodes.changeMetadata(
            request.node, try request.precondition, author: request.author
        ) { _ in body }
        return PlainResponse.json(.ok, node.metadata, headers: Self.tag(node))
    }

    @Sendable private func patchMetadata(_ request: AdminRequest) async throws -> Response {
        let body = try await request.body()
        let node = try await nodes.changeMetadata(
            request.node, try request.precondition, author: request.author
        ) { $0.patched(by: body) }
        return PlainResponse.json(.ok, node.metadata, headers: Self.tag(node))
    }

    @Sendable private func showCredentials(_ request: AdminRequest) async throws -> Response {
        let node = try await nodes.node(request.node)
        return PlainResponse.json(
            .ok, NodeDocument.credentials(node.credentials) ?? JSONShape.object([]), headers: Self.tag(node))
    }

    @Sendable private func putCredentials(_ request: AdminRequest) async throws -> Response {
        let node = try await nodes.putCredentials(
            request.node, try await request.body(), try request.precondition, author: request.author)
        return PlainResponse.json(
            .ok, NodeDocument.credentials(node.credentials) ?? JSONShape.object([]), headers: Self.tag(node))
    }

    /// The node as a file has it, credentials and all.
    @Sendable private func showDocument(_ request: AdminRequest) async throws -> Response {
        let node = try await nodes.node(request.node)
        return PlainResponse.json(.ok, NodeDocument.value(of: node), headers: Self.tag(node))
    }

    @Sendable private func showLastEvent(_ request: AdminRequest) async throws -> Response {
        let revision = try await nodes.store.lastRevision()
        return PlainResponse.json(.ok, JSONShape.object([("revision", JSONShape.number(revision))]))
    }

    // MARK: Deployments and signals

    @Sendable private func listDeployments(_ request: AdminRequest) async throws -> Response {
        let view = try await nodes.view(try await nodes.node(request.node))
        return PlainResponse.json(
            .ok,
            JSONShape.object([
                ("deployments", JSONShape.array(view.node.deployments.map(view.value(of:))))
            ]), headers: Self.tag(view.node))
    }

    @Sendable private func deploy(_ request: AdminRequest) async throws -> Response {
        let (node, deployment) = try await nodes.deploy(
            request.node, try await request.body(), try request.precondition, author: request.author)
        var headers = Self.tag(node)
        headers[.location] = "/admin/v1/nodes/\(node.name)/deployments/\(deployment.id)"
        return PlainResponse.json(
            .created, try await nodes.view(node).value(of: deployment), headers: headers)
    }

    @Sendable private func showDeployment(_ request: AdminRequest) async throws -> Response {
        let view = try await nodes.view(try await nodes.node(request.node))
        let key = try request.parameter("deployment")
        guard let deployment = view.node.deployments.first(where: { $0.id == key || $0.name == key }) else {
            throw AdminError(status: 404, message: "the node \(request.node) has no deployment \(key)")
        }
        return PlainResponse.json(.ok, view.value(of: deployment), headers: Self.tag(view.node))
    }

    @Sendable private func undeploy(_ request: AdminRequest) async throws -> Response {
        let key = try request.parameter("deployment")
        _ = try await nodes.undeploy(
            request.node, key, try request.precondition, author: request.author)
        return Response(status: .noContent)
    }

    @Sendable private func listSignals(_ request: AdminRequest) async throws -> Response {
        let node = try await nodes.node(request.node)
        let limit = min(max(try request.number("limit") ?? 100, 1), 1_000)
        let signals = try await nodes.store.signals(
            of: node.name, after: try request.number("after") ?? 0, limit: limit)
        return PlainResponse.json(
            .ok, JSONShape.object([("signals", JSONShape.array(signals.map(NodeView.value(of:))))]))
    }

    @Sendable private func showSignalURL(_ request: AdminRequest) async throws -> Response {
        let node = try await nodes.node(request.node)
        guard let name = request.query["name"], !name.isEmpty else {
            throw AdminError(status: 400, message: "name is required: of a wait condition")
        }
        let urls = SignalURLs(node: node, base: bases.base(of: request.request.head))
        guard let url = try urls.cloudFormation(.waitCondition, subject: name) else {
            throw AdminError(status: 409, message: "the node \(node.name) has no credentials for cfn")
        }
        return PlainResponse.json(.ok, JSONShape.object([("url", MetadataValue(string: url))]))
    }

    // MARK: History

    @Sendable private func showHistory(_ request: AdminRequest) async throws -> Response {
        let values = try await nodes.history(of: request.node).map { revision in
            var object = NodeView.value(of: revision.event).object ?? MetadataObject()
            if let node = revision.node {
                object["document"] = NodeDocument.value(of: node, hidesSecrets: true)
            }
            return MetadataValue(.object(object))
        }
        return PlainResponse.json(.ok, JSONShape.object([("history", JSONShape.array(values))]))
    }

    @Sendable private func rollBack(_ request: AdminRequest) async throws -> Response {
        var revision: Int?
        if let value = try await request.body(or: .null).object?["revision"] {
            guard case .integer(let number) = value.kind else {
                throw AdminError(status: 400, message: "revision is an integer")
            }
            revision = Int(number)
        }
        let node = try await nodes.rollBack(
            request.node, to: revision, try request.precondition, author: request.author)
        return try await answer(node, request)
    }
}
