// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MetadataStore
import MetadataTree
import NIOCore
import RequestSigning
import ServiceLifecycle

/// `GET|HEAD /v1/nodes/{node}/metadata`: a node's metadata for os-collect-config's request source.
///
/// Authorised by the node's bearer token (RFC 6750); conditional (RFC 9110); waits for a change where the client says
/// `Prefer: wait=N` (RFC 7240) and has what there is.
struct RequestRoutes {
    /// The longest wait, in seconds.
    static let waitLimit = 300

    let store: any MetadataStore
    let feed: ChangeFeed

    func register(on router: Router<ServerContext>) {
        router.get("v1/nodes/:node/metadata") { request, context in
            try await metadata(of: context.parameters.require("node"), request)
        }
    }

    private func metadata(of name: String, _ request: Request) async throws -> Response {
        // Before the node is read: a change that comes in between is not missed.
        let revision = feed.revision(of: name)
        guard let node = try await authorised(name, request) else { return Self.unauthorised }
        let preference = request.method == .get ? Self.wait(request) : nil
        let representation = try NodeRepresentation(node)
        guard let preference, preference > 0, representation.isKnown(to: request)
        else {
            return representation.response(to: request, waited: preference)
        }
        await waitForChange(of: name, beyond: revision, seconds: preference)
        guard let node = try await authorised(name, request) else { return Self.unauthorised }
        return try NodeRepresentation(node).response(to: request, waited: preference)
    }

    private func waitForChange(of name: String, beyond revision: UInt64, seconds: Int) async {
        await withGracefulShutdownHandler {
            await feed.wait(for: name, beyond: revision, timeout: .seconds(seconds))
        } onGracefulShutdown: {
            feed.close()
        }
    }

    /// The node, if the request carries its token. A node that does not exist is not told from a wrong token.
    private func authorised(_ name: String, _ request: Request) async throws -> NodeRecord? {
        let scheme = "bearer "
        guard let header = request.headers[.authorization], header.lowercased().hasPrefix(scheme),
            let node = try await store.node(name), let token = node.credentials.token
        else { return nil }
        let given = header.dropFirst(scheme.count).drop { $0 == " " }
        return MessageDigest.areEqual(Array(given.utf8), Array(token.utf8)) ? node : nil
    }

    private static var unauthorised: Response {
        Response(
            status: .unauthorized,
            headers: [.wwwAuthenticate: "Bearer", .contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(
                byteBuffer: ByteBuffer(string: "A valid bearer token of this node is required.\n")))
    }

    /// The seconds that the client would wait.
    private static func wait(_ request: Request) -> Int? {
        let preferences = request.headers[values: .prefer].flatMap { $0.split(separator: ",") }
        for preference in preferences {
            let parts = (preference.split(separator: ";").first ?? "").split(separator: "=").map {
                $0.filter { $0 != " " && $0 != "\"" }
            }
            guard parts.count == 2, parts[0].lowercased() == "wait", let seconds = Int(parts[1]) else {
                continue
            }
            return min(max(seconds, 0), waitLimit)
        }
        return nil
    }
}
