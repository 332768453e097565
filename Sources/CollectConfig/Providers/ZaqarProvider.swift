// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Logging
import MetadataTree
import Synchronization

/// Messages of a queue of OpenStack's messaging service, each a whole document that takes the place of the one before.
///
/// They are taken in their order. A message is deleted when the command has succeeded with it, not when it is read; one with
/// which it fails is tried again until there is a newer one, and then goes with that.
///
/// Source of the protocol: OpenStack Messaging API v2, "List Messages" and "Delete A Specified Message".
final class ZaqarProvider: MetadataProvider {
    struct Queue: Sendable {
        let name: String
        /// Nil: the first of the catalogue.
        let region: String?
    }

    let name = "zaqar"
    private let session: KeystoneSession?
    private let queue: Queue?
    private let missing: String?
    private let client: MetadataClient
    private let merger: DeploymentMerger
    private let logger: Logger
    /// What the service knows us by.
    private let clientID: String
    private let state = Mutex(State())

    private struct State {
        /// What was given to the command and is still in the queue.
        var offered: Set<String> = []
        /// What is deleted when the command succeeds: the message it has, and those before it.
        var passed: [String] = []
    }

    /// How many messages are asked for at a time: as many as the service gives by default at the most.
    private static let pageSize = 20
    private static let pageLimit = 50

    private struct Message {
        let id: String
        /// Nil when it is no document.
        let body: MetadataValue?
    }

    var deploymentKeys: [String] { merger.keys }

    /// - Parameter session: nil when something is not configured.
    /// - Parameter missing: the first option that is missing.
    init(
        session: KeystoneSession?, queue: Queue?, missing: String?, client: MetadataClient,
        merger: DeploymentMerger, logger: Logger
    ) {
        self.session = session
        self.queue = queue
        self.missing = missing
        self.client = client
        self.merger = merger
        self.logger = logger
        clientID = Self.newClientID()
    }

    /// 32 hexadecimal digits.
    private static func newClientID() -> String {
        (0..<2).map { _ in
            let half = String(UInt64.random(in: 0...UInt64.max), radix: 16)
            return String(repeating: "0", count: 16 - half.count) + half
        }.joined()
    }

    func collect() async throws -> [Output] {
        guard let session, let queue, missing == nil else {
            throw ProviderError.notConfigured("No \(missing ?? "auth_url") configured.")
        }
        guard queue.name.utf8.allSatisfy(Self.isNameByte), !queue.name.isEmpty else {
            throw ProviderError.unavailable(
                "the queue's name has other characters than letters, digits, _ and -")
        }
        var messages: [Message] = []
        var page: Page? = Page(marker: nil)
        for _ in 0..<Self.pageLimit where page != nil {
            let (new, next) = try await read(page?.marker, queue, session)
            messages += new
            page = next
            // Behind one that is new, nothing is of interest yet.
            if new.contains(where: isNew) { break }
        }
        guard let (body, passed) = next(of: messages) else {
            state.withLock { $0.passed = [] }
            guard messages.isEmpty else {
                throw ProviderError.unavailable("the messages of the queue are not objects")
            }
            throw ProviderError.nothingNew
        }
        state.withLock { state in
            state.offered = state.offered.intersection(messages.map(\.id)).union(passed.suffix(1))
            state.passed = passed
        }
        return merger.outputs(of: body, source: name)
    }

    /// A page of the list of messages.
    private struct Page {
        /// Behind which message it begins; nil: the first.
        let marker: String?
    }

    /// The messages of a page, and the page behind it.
    private func read(_ marker: String?, _ queue: Queue, _ session: KeystoneSession) async throws
        -> (messages: [Message], next: Page?)
    {
        let from = marker.map { "&marker=\($0)" } ?? ""
        let (request, response) = try await session.answer { token in
            try self.request("GET", "?limit=\(Self.pageSize)&echo=true\(from)", queue, token)
        }
        if response.status == 204 { return ([], nil) }
        guard response.status == 200 else { throw MetadataClient.refusal(request, response) }
        let answer = try MetadataClient.document(request, response)
        guard let list = answer.object?["messages"]?.array else {
            throw ProviderError.unavailable("\(request.publicURL) gave no list of messages")
        }
        let messages = list.compactMap { $0.object.flatMap(Self.message) }
        guard list.count >= Self.pageSize, let next = Self.nextMarker(answer), next != marker else {
            return (messages, nil)
        }
        return (messages, Page(marker: next))
    }

    private static func nextMarker(_ answer: MetadataValue) -> String? {
        let links = answer.object?["links"]?.array ?? []
        let next = links.first { $0.object?["rel"]?.string == "next" }
        let query = next?.object?["href"]?.string?.text.split(separator: "?").last ?? ""
        let marker = query.split(separator: "&").first { $0.hasPrefix("marker=") }?.dropFirst("marker=".count)
        return marker.flatMap { !$0.isEmpty && $0.utf8.allSatisfy(isNameByte) ? String($0) : nil }
    }

    private func isNew(_ message: Message) -> Bool {
        message.body != nil && !state.withLock { $0.offered.contains(message.id) }
    }

    /// The first document that the command has not had yet, or else the last, and the messages up to it.
    private func next(of messages: [Message]) -> (body: MetadataValue, passed: [String])? {
        guard
            let place = messages.firstIndex(where: isNew) ?? messages.lastIndex(where: { $0.body != nil }),
            let body = messages[place].body
        else { return nil }
        for message in messages[..<place] where message.body == nil {
            logger.warning("The message \(message.id) is not an object, ignoring")
        }
        return (body, messages[...place].map(\.id))
    }

    func wasCommitted() async {
        guard let session, let queue else { return }
        do {
            while let id = state.withLock({ $0.passed.first }) {
                try await delete(id, queue, session)
                state.withLock { state in
                    state.passed.removeFirst()
                    state.offered.remove(id)
                }
            }
        } catch ProviderError.unavailable(let reason) {
            logger.warning("The message that was read is still in the queue, ignoring: \(reason)")
        } catch {}
    }

    private func delete(_ id: String, _ queue: Queue, _ session: KeystoneSession) async throws {
        let (request, response) = try await session.answer { token in
            try self.request("DELETE", "/\(id)", queue, token)
        }
        // One that has expired is gone as well.
        guard response.status < 300 || response.status == 404 else {
            throw MetadataClient.refusal(request, response)
        }
    }

    private func request(_ method: String, _ rest: String, _ queue: Queue, _ token: KeystoneToken) throws
        -> HTTPRequest
    {
        let endpoint = try token.endpoint(of: "messaging", region: queue.region)
        return client.request(
            method, "\(endpoint)/v2/queues/\(queue.name)/messages\(rest)",
            headers: [
                ("X-Auth-Token", token.id), ("X-Project-Id", session?.projectID ?? ""),
                ("Client-ID", clientID), ("Content-Type", "application/json"),
            ], redirectLimit: 0)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        return letters.contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }

    /// Nil when nothing tells which one it is.
    private static func message(_ object: MetadataObject) -> Message? {
        // The last part of where it is.
        let path = object["href"]?.string?.text.prefix { $0 != "?" }
        let last = path?.split(separator: "/").last.map(String.init)
        guard let id = object["id"]?.string?.text ?? last, !id.isEmpty, id.utf8.allSatisfy(isNameByte) else {
            return nil
        }
        return Message(id: id, body: object["body"].flatMap { $0.object == nil ? nil : $0 })
    }
}
