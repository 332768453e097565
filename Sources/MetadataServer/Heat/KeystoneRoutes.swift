// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import MetadataTree
import RequestSigning

/// As much of Keystone as a node needs to come to Heat:
///
///     GET  /v3                 the version
///     POST /v3/auth/tokens     a token for a user's password
///     GET  /v3/auth/tokens     what a token is
///     GET  /v3/auth/catalog
struct KeystoneRoutes {
    let tokens: KeystoneTokens
    let bases: BaseURLs

    func register(on router: Router<ServerContext>) {
        router.get("v3") { request, _ in
            PlainResponse.json(
                .ok, JSONShape.object([("version", KeystoneDocuments.version(bases.base(of: request.head)))]))
        }
        router.post("v3/auth/tokens") { request, _ in try await issue(request) }
        router.get("v3/auth/tokens") { request, _ in try await show(request) { $0 } }
        router.get("v3/auth/catalog") { request, _ in
            try await show(request) { value in
                let token = value.object?["token"]?.object
                return JSONShape.object([("catalog", token?["catalog"])])
            }
        }
    }

    /// What is told of our versions to whoever asks for JSON at `/`.
    func versions(_ request: Request) -> Response {
        let version = KeystoneDocuments.version(bases.base(of: request.head))
        return PlainResponse.json(
            .multipleChoices,
            JSONShape.object([("versions", JSONShape.object([("values", JSONShape.array([version]))]))]))
    }

    private func issue(_ request: Request) async throws -> Response {
        let body = try await RequestBody.bytes(of: request, limit: 1 << 16)
        guard let document = try? JSONParser.parse(body, name: "request", valueLimit: 1_000),
            let identity = document.value(at: MetadataPath("auth.identity.password.user"))?.object
        else {
            return Self.error(.badRequest, "auth.identity.password.user is required")
        }
        let user = (identity["id"] ?? identity["name"])?.string?.text ?? ""
        guard let node = try await tokens.store.node(with: .userID(user)), let heat = node.credentials.heat,
            let given = identity["password"]?.string?.text,
            MessageDigest.areEqual(Array(heat.password.utf8), Array(given.utf8))
        else {
            return Self.unauthorised
        }
        let project = document.value(at: MetadataPath("auth.scope.project"))?.object
        if let wanted = (project?["id"] ?? project?["name"])?.string?.text, wanted != heat.projectID {
            return Self.unauthorised
        }
        let (token, expires) = try tokens.token(for: heat)
        return answer(.created, token, node, heat, expires, request) { $0 }
    }

    private func show(
        _ request: Request, _ part: (MetadataValue) -> MetadataValue
    ) async throws -> Response {
        let own = request.headers[.authToken]
        guard let (node, heat) = try await tokens.node(of: own) else { return Self.unauthorised }
        let shown = request.headers[.subjectToken] ?? own ?? ""
        guard let (_, other) = try await tokens.node(of: shown), other == heat else {
            return Self.error(.notFound, "Could not find token")
        }
        let expires = Int(shown.prefix { $0 != "-" }) ?? 0
        return answer(.ok, shown, node, heat, expires, request, part)
    }

    private func answer(
        _ status: HTTPResponse.Status, _ token: String, _ node: NodeRecord, _ heat: NodeRecord.Heat,
        _ expires: Int, _ request: Request, _ part: (MetadataValue) -> MetadataValue
    ) -> Response {
        let value = KeystoneDocuments.token(
            of: node, heat: heat, base: bases.base(of: request.head), issued: expires - KeystoneTokens.life,
            expires: expires)
        return PlainResponse.json(
            status, part(value), headers: [.subjectToken: token, .vary: "X-Auth-Token"])
    }

    private static var unauthorised: Response {
        error(.unauthorized, "The request you have made requires authentication.")
    }

    private static func error(_ status: HTTPResponse.Status, _ message: String) -> Response {
        PlainResponse.json(
            status,
            JSONShape.object([
                (
                    "error",
                    JSONShape.object([
                        ("code", JSONShape.number(status.code)),
                        ("title", MetadataValue(string: status.reasonPhrase)),
                        ("message", MetadataValue(string: message)),
                    ])
                )
            ]))
    }
}

extension HTTPField.Name {
    static let authToken = HTTPField.Name("X-Auth-Token")!
    static let subjectToken = HTTPField.Name("X-Subject-Token")!
}
