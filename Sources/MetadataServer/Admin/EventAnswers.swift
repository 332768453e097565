// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import MetadataTree
import NIOCore

/// The changes of the store: a stream of server-sent events for whoever takes `text/event-stream`, and else a list, which may be
/// waited for (`Prefer: wait=N`).
///
/// Source of the format: WHATWG HTML, "Server-sent events".
struct EventAnswers: Sendable {
    private static let pageLimit = 1_000
    /// How often a stream says that it is alive.
    private static let pause = Duration.seconds(15)

    let store: any MetadataStore

    @Sendable func answer(_ request: AdminRequest) async throws -> Response {
        let header = try request.request.headers[.lastEventID].map { text in
            guard let revision = Int(text) else {
                throw AdminError(status: 400, message: "Last-Event-ID is a revision")
            }
            return revision
        }
        let after = try header ?? request.number("after")
        let node = request.query["node"]
        let takesStream = request.request.headers[.accept]?.contains("text/event-stream") == true
        return takesStream
            ? try await stream(after: after, node: node, request)
            : try await page(after: after, node: node, request)
    }

    // MARK: A stream

    private func stream(after: Int?, node: String?, _ request: AdminRequest) async throws -> Response {
        let client = request.context.client
        // A reader that does not keep up is let go, and comes again with the last event that it has.
        let (lines, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingOldest(20_000))
        Self.tell(try await store.events(after: after), node: node, continuation)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: ": following\n\n"))
                let ending = client.whenClosed { continuation.finish() }
                defer { client.forget(ending) }
                for await line in lines { try await writer.write(ByteBuffer(bytes: line)) }
                try await writer.finish(nil)
            })
    }

    /// Tells of events, with signs of life in between, until nobody listens.
    private static func tell(
        _ events: StoreEvents, node: String?, _ continuation: AsyncStream<[UInt8]>.Continuation
    ) {
        let task = Task {
            for event in events.known { tell(event, node, continuation) }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await event in events.following { tell(event, node, continuation) } }
                group.addTask {
                    while (try? await Task.sleep(for: pause)) != nil {
                        continuation.yield(Array(": alive\n\n".utf8))
                    }
                }
                await group.next()
                group.cancelAll()
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
    }

    private static func tell(
        _ event: StoreEvent, _ node: String?, _ continuation: AsyncStream<[UInt8]>.Continuation
    ) {
        guard node == nil || node == event.node else { return }
        let data = JSONWriter.text(of: NodeView.value(of: event))
        let line = Array("id: \(event.revision)\nevent: \(event.kind)\ndata: \(data)\n\n".utf8)
        if case .dropped = continuation.yield(line) { continuation.finish() }
    }

    // MARK: A list

    private func page(after: Int?, node: String?, _ request: AdminRequest) async throws -> Response {
        let wait = WaitPreference.seconds(of: request.request.head)
        let events = try await store.events(after: after)
        var found = Array(
            events.known.lazy.filter { node == nil || node == $0.node }.prefix(Self.pageLimit))
        // How far this has looked, whosever the changes were.
        var last = found.count < Self.pageLimit ? events.known.last?.revision ?? after : found.last?.revision
        if found.isEmpty, let wait, wait > 0 {
            let next = await Self.first(
                of: events.following, node: node, within: .seconds(wait), request.context.client)
            found = next.map { [$0] } ?? []
            last = next?.revision ?? last
        }
        var headers = HTTPFields()
        if let wait { headers[.preferenceApplied] = "wait=\(wait)" }
        return PlainResponse.json(
            .ok,
            JSONShape.object([
                ("events", JSONShape.array(found.map(NodeView.value(of:)))),
                ("last", last.map(JSONShape.number)),
            ]), headers: headers)
    }

    /// Nil: none within the time, or nobody waits any more.
    private static func first(
        of events: AsyncStream<StoreEvent>, node: String?, within wait: Duration, _ client: ClientConnection
    ) async -> StoreEvent? {
        let (end, ending) = AsyncStream.makeStream(of: Void.self)
        let closing = client.whenClosed { ending.finish() }
        defer { client.forget(closing) }
        return await withTaskGroup(of: StoreEvent?.self) { group in
            group.addTask { await events.first { node == nil || node == $0.node } }
            group.addTask {
                try? await Task.sleep(for: wait)
                return nil
            }
            group.addTask {
                for await _ in end {}
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}

extension HTTPField.Name {
    fileprivate static let lastEventID = HTTPField.Name("Last-Event-ID")!
}
