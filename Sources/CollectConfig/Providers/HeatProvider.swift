// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import MetadataTree
import RequestSigning

/// The metadata of a resource of a stack, asked of OpenStack's orchestration service.
///
/// Source of the protocol: OpenStack Orchestration API v1, "Find stack" and "Show resource metadata".
struct HeatProvider: MetadataProvider {
    struct Resource: Sendable {
        /// The stack's id, or `NAME/ID`.
        let stack: String
        let name: String
        /// Nil: the first of the catalogue.
        let region: String?
    }

    let name = "heat"
    /// Nil when something is not configured.
    let session: KeystoneSession?
    let resource: Resource?
    /// The first option that is missing.
    let missing: String?
    let client: MetadataClient
    let merger: DeploymentMerger

    var deploymentKeys: [String] { merger.keys }

    func collect() async throws -> [Output] {
        guard let session, let resource, missing == nil else {
            throw ProviderError.notConfigured("No \(missing ?? "auth_url") configured.")
        }
        let stack = try await stackPath(resource, session)
        let path = "/stacks/\(Self.quoted(stack))/resources/\(Self.quoted(resource.name))/metadata"
        let (request, response) = try await session.answer { token in
            try self.request(path, resource, token, redirectLimit: 0)
        }
        guard (200..<300).contains(response.status) else { throw MetadataClient.refusal(request, response) }
        guard let metadata = try MetadataClient.document(request, response).object?["metadata"],
            metadata.object != nil || metadata.array != nil
        else { throw ProviderError.unavailable("\(request.publicURL) gave no metadata") }
        return merger.outputs(of: metadata, source: name)
    }

    /// The stack as `NAME/ID`, which is where the service leads whoever knows only one of them.
    private func stackPath(_ resource: Resource, _ session: KeystoneSession) async throws -> String {
        if resource.stack.contains("/") { return resource.stack }
        var endpoint = ""
        let (request, response) = try await session.answer { token in
            endpoint = try token.endpoint(of: "orchestration", region: resource.region)
            return try self.request("/stacks/\(resource.stack)", resource, token, redirectLimit: 0)
        }
        if response.status >= 400 { throw MetadataClient.refusal(request, response) }
        guard let location = response[header: "Location"] else {
            throw ProviderError.unavailable("\(request.publicURL): Location not returned with redirect")
        }
        let prefix = "\(endpoint)/stacks/"
        guard location.lowercased().hasPrefix(prefix.lowercased()) else {
            throw ProviderError.unavailable("\(request.publicURL) leads to another service")
        }
        return String(location.dropFirst(prefix.count))
    }

    private func request(
        _ path: String, _ resource: Resource, _ token: KeystoneToken, redirectLimit: Int
    ) throws -> HTTPRequest {
        let endpoint = try token.endpoint(of: "orchestration", region: resource.region)
        return client.request(
            "GET", endpoint + path,
            headers: [
                ("Accept", "application/json"), ("Content-Type", "application/json"),
                ("X-Auth-Token", token.id),
            ], redirectLimit: redirectLimit)
    }

    /// Quoted but for slashes, as Python's `quote` does.
    private static func quoted(_ text: String) -> String {
        SignatureV2.quoted(text).replacing("%2F", with: "/")
    }
}
