// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import NIOCore

/// `GET|HEAD /v1/nodes/{node}/metadata`: a node's metadata for os-collect-config's request source.
///
/// Authorised by the node's bearer token (RFC 6750), which may be a password too (RFC 7617); conditional (RFC 9110); waits for a change where the client says
/// `Prefer: wait=N` (RFC 7240) and has what there is.
struct RequestRoutes {
    static let path = "/v1/nodes/{node}/metadata"
    /// What it is called in counts and logs.
    static let service = "request"

    let cache: RepresentationCache
    let feed: ChangeFeed
    let deliveries: DeliveryRecorder
    let bases: BaseURLs

    func register(on router: Router<ServerContext>) {
        router.get(RouterPath(Self.path)) { request, context in
            try await metadata(of: context.parameters.require("node"), request.head, context.client)
        }
    }

    /// The answer to a request that needs no wait, neither for a change nor for the store; nil: the route has to look.
    ///
    /// What it gives is what the route would give.
    ///
    /// - Parameter isAdmitted: whether whoever asks may be answered: asked for when there is an answer.
    func ready(_ request: PlainRequest, isAdmitted: () -> Bool) -> ReadyAnswer? {
        guard request.method == .get || request.method == .head, let name = Self.plainName(in: request.path),
            let token = BearerToken.orPassword(request),
            let entry = cache.ready(for: name, token: token, base: bases.base(of: request))
        else { return nil }
        let precondition = Precondition(request)
        let isKnown = entry.representation.isKnown(precondition)
        let wait = request.method == .get ? WaitPreference.seconds(of: request) : nil
        if let wait, wait > 0, isKnown { return nil }
        guard isAdmitted() else { return nil }
        note(entry, request.method, precondition)
        return entry.representation.answer(to: request.method, isKnown: isKnown, waited: wait)
    }

    /// The node that a path names, where nothing of it is encoded and nothing follows.
    private static func plainName(in path: String?) -> String? {
        guard let path, path.hasPrefix("/v1/nodes/"), path.hasSuffix("/metadata") else { return nil }
        let name = path.utf8.dropFirst(10).dropLast(9)
        let isPlain = name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "/"), UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"): false
            default: true
            }
        }
        return isPlain && !name.isEmpty ? String(Substring(name)) : nil
    }

    private func metadata(
        of encodedName: String, _ request: HTTPRequest, _ client: ClientConnection
    ) async throws -> Response {
        let name =
            encodedName.utf8.contains(UInt8(ascii: "%"))
            ? QueryString.decoded(Substring(encodedName), plusIsSpace: false) : encodedName
        guard var entry = try await authorised(name, request) else { return Self.unauthorised }
        let precondition = Precondition(request)
        note(entry, request.method, precondition)
        let wait = request.method == .get ? WaitPreference.seconds(of: request) : nil
        if let wait, wait > 0, entry.representation.isKnown(precondition) {
            let deadline = ContinuousClock.now + .seconds(wait)
            // A change that makes no difference to the node is none.
            while entry.representation.isKnown(precondition), ContinuousClock.now < deadline,
                client.channel.isActive, !feed.isClosed
            {
                await waitForChange(of: name, beyond: entry.seen, until: deadline, client)
                guard let next = try await authorised(name, request) else { return Self.unauthorised }
                entry = next
                // Who has gone meanwhile does not get it.
                if client.channel.isActive { note(entry, request.method, precondition) }
            }
        }
        let isKnown = entry.representation.isKnown(precondition)
        return entry.representation.answer(to: request.method, isKnown: isKnown, waited: wait).response
    }

    /// Whoever gets an answer to GET has it then, or says by its tag or date that he has it; `*` says nothing of it.
    private func note(
        _ entry: RepresentationCache.Entry, _ method: HTTPRequest.Method, _ precondition: Precondition
    ) {
        guard method == .get, !precondition.isMetByAnything, entry.isToNote() else { return }
        deliveries.note(entry.name, revision: entry.revision)
    }

    /// Until the time is over or the client is gone.
    private func waitForChange(
        of name: String, beyond seen: UInt64, until deadline: ContinuousClock.Instant,
        _ client: ClientConnection
    ) async {
        let waiter = Waiter()
        let rest = TimeAmount(ContinuousClock.now.duration(to: deadline))
        let timer = client.channel.eventLoop.scheduleTask(in: rest) { waiter.release() }
        let ending = client.whenClosed { waiter.release() }
        await feed.wait(for: name, beyond: seen, waiter)
        client.forget(ending)
        timer.cancel()
    }

    /// What the node gets, if the request carries its token. A node that does not exist is not told from a wrong token.
    private func authorised(_ name: String, _ request: HTTPRequest) async throws -> RepresentationCache.Entry?
    {
        guard let token = BearerToken.orPassword(request) else { return nil }
        return try await cache.entry(for: name, token: token, base: bases.base(of: request))
    }

    private static var unauthorised: Response {
        var response = PlainResponse.text(.unauthorized, "A valid bearer token of this node is required.\n")
        response.headers[.wwwAuthenticate] = "Bearer"
        return response
    }
}
