// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Logging
import MetadataTree
import Synchronization

/// A JSON document at a URL, asked for again only when it has changed (RFC 9110, conditional requests), and waited for where
/// the server offers that (RFC 7240, `Prefer: wait`).
final class RequestProvider: MetadataProvider {
    let name = "request"

    private let request: HTTPRequest?
    private let transport: any HTTPTransport
    private let merger: DeploymentMerger
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var document: MetadataValue?
        var entityTag: String?
        var lastModified: String?
        /// Whether the server said that it waits.
        var offersWait = false
        /// Whether a wait is under way: then the document is as new as can be.
        var isWaiting = false
        /// Whether a wait has just brought the document.
        var isFresh = false
    }

    /// How long the server is asked to wait.
    private static let wait = 60
    /// A wait that was over sooner was none.
    private static let shortestWait = Duration.seconds(1)

    /// - Parameter request: nil when no URL is configured.
    init(
        request: HTTPRequest?, transport: any HTTPTransport, merger: DeploymentMerger, logger: Logger
    ) {
        self.request = request
        self.transport = transport
        self.merger = merger
        self.logger = logger
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
        request.headers.append(("Accept", "*/*"))
        // With nothing to wait behind, the question is only whether the server would.
        let asks = waits || known.document == nil
        if asks { request.headers.append(("Prefer", "wait=\(Self.wait)")) }
        if known.document != nil {
            if let tag = known.entityTag { request.headers.append(("If-None-Match", tag)) }
            if let date = known.lastModified { request.headers.append(("If-Modified-Since", date)) }
        }
        let response = try await send(request)
        let isAnswer = (200..<300).contains(response.status) || response.status == 304
        if asks, isAnswer { state.withLock { $0.offersWait = Self.offersWait(response) } }
        if response.status == 304, let document = known.document { return document }
        guard (200..<300).contains(response.status) else {
            throw ProviderError.unavailable("\(request.publicURL) answered \(response.status)")
        }
        let document = try parse(response, request)
        state.withLock { state in
            state.document = document
            state.entityTag = response[header: "ETag"]
            state.lastModified = response[header: "Last-Modified"]
        }
        return document
    }

    private func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        do {
            return try await transport.send(request)
        } catch let error as HTTPError {
            throw ProviderError.unavailable("\(request.publicURL): \(error)")
        }
    }

    private static func offersWait(_ response: HTTPResponse) -> Bool {
        response[header: "Preference-Applied"]?.lowercased().contains("wait=") ?? false
    }

    private func parse(_ response: HTTPResponse, _ request: HTTPRequest) throws -> MetadataValue {
        do {
            let value = try JSONParser.parse(ResponseText.utf8(of: response), name: request.publicURL)
            guard value.object != nil else {
                throw ProviderError.unavailable("\(request.publicURL) gave JSON that is not an object")
            }
            return value
        } catch let error as JSONError {
            throw ProviderError.unavailable("Failed to parse as json. (\(error))")
        }
    }
}

/// The text of an answer.
enum ResponseText {
    /// As UTF-8, unless the answer says that it is Latin-1.
    static func utf8(of response: HTTPResponse) -> [UInt8] {
        let type = response[header: "Content-Type"]?.lowercased() ?? ""
        guard type.contains("charset=iso-8859-1") || type.contains("charset=latin-1") else {
            return response.body
        }
        var text: [UInt8] = []
        for byte in response.body { UTF8Character.append(UInt32(byte), to: &text) }
        return text
    }
}
