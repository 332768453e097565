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
        var found = Found()
        var marker: String?
        for _ in 0..<Self.pageLimit where !found.isNew {
            let (messages, next) = try await read(marker, queue, session)
            for message in messages where !found.isNew { found.take(message, isNew: isNew(message)) }
            guard let next else { break }
            marker = next
        }
        guard let body = found.body else {
            state.withLock { $0.passed = [] }
            guard found.ids.isEmpty else {
                throw ProviderError.unavailable("the messages of the queue are not objects")
            }
            throw ProviderError.nothingNew
        }
        let passed = Array(found.ids[..<found.end])
        for id in found.others where passed.contains(id) {
            logger.warning("The message \(id) is not an object, ignoring")
        }
        state.withLock { state in
            state.offered = state.offered.intersection(found.ids).union(passed.suffix(1))
            state.passed = passed
        }
        return merger.outputs(of: body, source: name)
    }

    /// The first document that the command has not had yet, or else the last; of the others only their ids are kept.
    private struct Found {
        var ids: [String] = []
        var body: MetadataValue?
        /// Behind its id.
        var end = 0
        var isNew = false
        /// What is no document.
        var others: [String] = []

        mutating func take(_ message: Message, isNew: Bool) {
            ids.append(message.id)
            guard let body = message.body else { return others.append(message.id) }
            (self.body, self.end, self.isNew) = (body, ids.count, isNew)
        }
    }

    /// The messages behind `marker` (nil: from the first on), and the marker of those behind them.
    private func read(_ marker: String?, _ queue: Queue, _ session: KeystoneSession) async throws
        -> (messages: [Message], next: String?)
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
        return (messages, next)
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
