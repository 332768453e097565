// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import MetadataTree

/// Heat's interface as far as a node's own stack goes:
///
///     GET  /v1/{project}/stacks                      a list of one
///     GET  /v1/{project}/stacks/{name}               302 to what has the id too
///     GET  /v1/{project}/stacks/{name}/resources     the same
///     GET  /v1/{project}/stacks/{name}/{id}
///     GET  /v1/{project}/stacks/{name}/{id}/resources
///     GET  /v1/{project}/stacks/{name}/{id}/resources/{resource}
///     GET  /v1/{project}/stacks/{name}/{id}/resources/{resource}/metadata
///     POST /v1/{project}/stacks/{name}/{id}/resources/{resource}/signal
///
/// Source of the format: OpenStack Orchestration API v1.
struct HeatRoutes {
    let tokens: KeystoneTokens
    let intake: SignalIntake
    let deliveries: DeliveryRecorder
    let bases: BaseURLs

    func register(on router: Router<ServerContext>) {
        let top = "v1/:project/stacks"
        let stack = "\(top)/:name/:id"
        let resource = "\(stack)/resources/:resource"
        get(router, top) { $0.list }
        get(router, "\(top)/:name") { $0.redirection() }
        get(router, "\(top)/:name/resources") { $0.redirection("/resources") }
        get(router, stack) { $0.stack }
        get(router, "\(stack)/resources") { $0.resources }
        get(router, resource) { $0.resource }
        get(router, "\(resource)/metadata", delivers: true) { try $0.metadata }
        router.post(RouterPath("\(resource)/signal")) { request, context in
            guard let view = try await view(request, context) else { return Self.unauthorised }
            guard view.isOwn, let name = view.resourceName else { return Self.notFound }
            return try await SignalAnswer.of(.ok, request, json: "null") { body in
                if view.isDeployment(name) {
                    try await intake.deployment(view.node, id: name, body: body)
                } else {
                    try await intake.waitCondition(view.node, name: name, body: body)
                }
            }
        }
    }

    private func get(
        _ router: Router<ServerContext>, _ path: String, delivers: Bool = false,
        _ content: @escaping @Sendable (HeatStackView) throws -> HeatStackView.Answer?
    ) {
        router.get(RouterPath(path)) { request, context in
            guard let view = try await view(request, context) else { return Self.unauthorised }
            guard view.isOwn, let answer = try content(view) else { return Self.notFound }
            if delivers, request.method == .get {
                deliveries.note(view.node.name, revision: view.node.revision)
            }
            switch answer {
            case .document(let value): return PlainResponse.json(.ok, value)
            case .elsewhere(let url):
                return PlainResponse.json(.found, JSONShape.object([]), headers: [.location: url])
            }
        }
    }

    /// Nil: nobody's token.
    private func view(_ request: Request, _ context: ServerContext) async throws -> HeatStackView? {
        guard let (node, heat) = try await tokens.node(of: request.headers[.authToken]) else { return nil }
        func parameter(_ name: String) -> String? {
            context.parameters.get(name).map { QueryString.decoded(Substring($0), plusIsSpace: false) }
        }
        return HeatStackView(
            node: node, heat: heat, base: bases.base(of: request.head), project: parameter("project"),
            stackName: parameter("name"), stackID: parameter("id"), resourceName: parameter("resource"))
    }

    private static var unauthorised: Response {
        PlainResponse.text(.unauthorized, "Authentication required\n")
    }

    private static var notFound: Response {
        let explanation = "The resource could not be found."
        return PlainResponse.json(
            .notFound,
            JSONShape.object([
                ("code", JSONShape.number(404)), ("title", MetadataValue(string: "Not Found")),
                ("explanation", MetadataValue(string: explanation)),
                (
                    "error",
                    JSONShape.object([
                        ("type", MetadataValue(string: "EntityNotFound")),
                        ("message", MetadataValue(string: explanation)), ("traceback", .null),
                    ])
                ),
            ]))
    }
}
