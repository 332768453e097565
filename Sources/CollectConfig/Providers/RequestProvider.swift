// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import MetadataTree
import Synchronization

/// A JSON document at a URL, asked for again only when it has changed (RFC 9110, conditional requests), and waited for where
/// the server offers that (RFC 7240, `Prefer: wait`).
final class RequestProvider: MetadataProvider {
    let name = "request"

    private let request: HTTPRequest?
    private let client: MetadataClient
    private let merger: DeploymentMerger
    private let state = Mutex(State())

    private struct State {
        var document: MetadataValue?
        var entityTag: String?
        var lastModified: String?
        /// Whether the server said that it waits.
        var offersWait = false
        /// Whether it has ever said so, and how many polls ago it last did.
        var hasOffered = false
        var pollsSinceOffer = 0
        /// Whether a wait is under way: then the document is as new as can be.
        var isWaiting = false
        /// Whether a wait has just brought the document.
        var isFresh = false
    }

    /// How long the server is asked to wait.
    private static let wait = 60
    /// After so many polls a server that did wait, and does not, is asked again whether it would.
    private static let patience = 20
    /// A wait that was over sooner was none.
    private static let shortestWait = Duration.seconds(1)

    var deploymentKeys: [String] { merger.keys }

    /// - Parameter url: nil when none is configured.
    /// - Parameter token: to be sent as a bearer token (RFC 6750).
    init(url: String?, token: String?, client: MetadataClient, merger: DeploymentMerger) {
        let authorization = token.map { [(name: "Authorization", value: "Bearer \($0)")] } ?? []
        request = url.map { client.request("GET", $0, headers: authorization) }
        self.client = client
        self.merger = merger
    }

    func collect() async throws -> [Output] {
        guard let request else { throw ProviderError.notConfigured("No metadata_url configured.") }
        let current = state.withLock { state in
            defer { state.isFresh = false }
            return state.isWaiting || state.isFresh ? state.document : nil
        }
        if let current { return merger.outputs(of: current, source: name) }
        return merger.outputs(of: try await fetch(request, waits: false), source: name)
    }

    func waitForChange() async -> Bool {
        guard let request, state.withLock({ $0.offersWait && $0.document != nil }) else { return false }
        state.withLock { $0.isWaiting = true }
        defer { state.withLock { $0.isWaiting = false } }
        var waiting = request
        waiting.timeout += .seconds(Self.wait)
        while !Task.isCancelled {
            let before = state.withLock { $0.document }
            let start = ContinuousClock.now
            do {
                if try await fetch(waiting, waits: true) != before {
                    state.withLock { $0.isFresh = true }
                    return true
                }
            } catch {
                // Asked again at the usual time, which reports what is wrong.
                return false
            }
            let isOffered = state.withLock { $0.offersWait }
            guard isOffered, ContinuousClock.now - start > Self.shortestWait else { return false }
        }
        return false
    }

    /// The document, from the server or, if it has not changed, as it was.
    ///
    /// - Parameter waits: whether the server may take its time. The first request asks so too: a server with something new
    ///   does not wait, and says whether it would.
    private func fetch(_ request: HTTPRequest, waits: Bool) async throws -> MetadataValue {
        let known = state.withLock { $0 }
        var request = request
        // With nothing to wait behind, the question is only whether the server would. One that no longer does is asked now and then.
        let asksAnew =
            known.document == nil
            || (known.hasOffered && !known.offersWait && known.pollsSinceOffer >= Self.patience)
        let asks = waits || asksAnew
        if asks { request.headers.append(("Prefer", "wait=\(Self.wait)")) }
        let isConditional = !asksAnew && (known.entityTag ?? known.lastModified) != nil
        if isConditional {
            if let tag = known.entityTag { request.headers.append(("If-None-Match", tag)) }
            if let date = known.lastModified { request.headers.append(("If-Modified-Since", date)) }
        }
        let response = try await client.send(request)
        let isUnchanged = response.status == 304 && isConditional
        let isAnswer = (200..<300).contains(response.status) || isUnchanged
        if isAnswer { note(Self.offersWait(response), asked: asks) }
        if isUnchanged, let document = known.document { return document }
        guard (200..<300).contains(response.status) else {
            throw MetadataClient.refusal(request, response)
        }
        let document = try parse(response, request)
        state.withLock { state in
            state.document = document
            state.entityTag = response[header: "ETag"]
            state.lastModified = response[header: "Last-Modified"]
        }
        return document
    }

    private func note(_ offersWait: Bool, asked: Bool) {
        state.withLock { state in
            state.pollsSinceOffer = asked ? 0 : state.pollsSinceOffer + 1
            guard asked else { return }
            state.offersWait = offersWait
            state.hasOffered = state.hasOffered || offersWait
        }
    }

    private static func offersWait(_ response: HTTPResponse) -> Bool {
        response[header: "Preference-Applied"]?.lowercased().contains("wait=") ?? false
    }

    private func parse(_ response: HTTPResponse, _ request: HTTPRequest) throws -> MetadataValue {
        let value = try MetadataClient.document(request, response)
        guard value.object != nil else {
            throw ProviderError.unavailable("\(request.publicURL) gave JSON that is not an object")
        }
        return value
    }
}
