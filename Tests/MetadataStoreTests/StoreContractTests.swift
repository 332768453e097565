// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import MetadataTree
import TestSupport
import Testing

@Suite("What each store does", .serialized)
struct StoreContractTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func store(_ kind: StoreKind) throws -> any MetadataStore {
        try kind.make(directory) { 100 }
    }

    private func node(_ name: String, _ text: String = "x", key: String? = nil, address: String? = nil)
        -> NodeRecord
    {
        NodeRecord(
            name: name, metadata: JSONShape.object([("text", MetadataValue(string: text))]),
            credentials: NodeRecord.Credentials(
                token: "t-\(name)",
                cloudFormation: key.map { .init(accessKey: $0, secretKey: "s", stack: name, resource: name) }),
            instance: .init(id: "i-\(name)", hostname: name, addresses: address.map { [$0] } ?? []))
    }

    private func signal(_ subject: String, _ id: String, _ status: Signal.Status = .complete) -> Signal {
        Signal(
            node: "a", subject: subject, id: id, status: status, reason: "why",
            body: JSONShape.object([("deploy_stdout", MetadataValue(string: id))]), received: 7)
    }

    private func failure(_ body: () async throws -> Void) async -> StoreError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? StoreError
        }
    }

    @Test(
        "a node is read back as it was put, with the number of its change and its time",
        arguments: StoreKind.all)
    func putting(kind: StoreKind) async throws {
        let store = try store(kind)
        var whole = node("a", key: "AK", address: "10.0.0.1")
        whole.credentials.heat = .init(
            userID: "u", password: "p", projectID: "pr", stackID: "a/1", resource: "r")
        whole.instance.publicKeys = [.init(name: "k", text: "ssh-ed25519 A")]
        whole.instance.userData = "#!/bin/sh\n"
        whole.instance.networkData = JSONShape.object([("links", JSONShape.array([]))])
        whole.deployments = [
            Deployment(
                id: "d1", name: "db", group: "script", config: MetadataValue(string: "echo"),
                inputs: .init(["z": JSONShape.number(1), "a": .null]), transport: .heat, created: 9)
        ]
        let events = try await store.commit([.put(whole)], author: "me")
        #expect(events.count == 1)
        let event = try #require(events.first)
        #expect(event.kind == .created && event.node == "a" && event.author == "me" && event.time == 100)
        whole.revision = event.revision
        whole.modified = 100
        #expect(try await store.node("a") == whole)
        #expect(try await store.node(with: .accessKey("AK"))?.name == "a")
        #expect(try await store.node(with: .userID("u"))?.name == "a")
        #expect(try await store.node(with: .address("10.0.0.1"))?.name == "a")
        #expect(try await store.node("b") == nil)
        #expect(try await store.node(with: .accessKey("t-a")) == nil)
    }

    @Test("what changes nothing is no change; the order of keys is something", arguments: StoreKind.all)
    func sameAgain(kind: StoreKind) async throws {
        let store = try store(kind)
        var node = node("a")
        node.metadata = JSONShape.object([("x", .null), ("y", .null)])
        let first = try await store.put(node, author: "me")
        #expect(try await store.put(node, author: "me") == nil)
        node.metadata = JSONShape.object([("y", .null), ("x", .null)])
        let second = try await store.put(node, author: "me")
        #expect(second?.kind == .changed)
        #expect(try #require(second).revision > #require(first).revision)
        #expect(try await store.node("a")?.metadata.object?.members.first?.key == "y")
    }

    @Test(
        "a write whose precondition does not hold changes nothing, nor do those beside it",
        arguments: StoreKind.all)
    func preconditions(kind: StoreKind) async throws {
        let store = try store(kind)
        let revision = try #require(try await store.put(node("a", "1"), .nothing, author: "")).revision
        #expect(
            await failure { try await store.put(node("a", "2"), .nothing, author: "") }
                == .conflict(node: "a", revision: revision))
        #expect(
            await failure { try await store.put(node("a", "2"), .revision(revision + 1), author: "") }
                == .conflict(node: "a", revision: revision))
        #expect(
            await failure {
                _ = try await store.commit([.put(node("b")), .remove("c", .revision(1))], author: "")
            } == .conflict(node: "c", revision: nil))
        #expect(try await store.node("b") == nil)
        #expect(try await store.node("a")?.revision == revision)
        #expect(try await store.put(node("a", "2"), .revision(revision), author: "")?.kind == .changed)
        #expect(try await store.commit([.remove("b")], author: "").isEmpty)
        #expect(try await store.commit([.remove("a")], author: "").map(\.kind) == [.removed])
        #expect(try await store.node("a") == nil)
    }

    @Test(
        "two nodes do not have one access key, and may exchange theirs; an address is the first one's",
        arguments: StoreKind.all)
    func keys(kind: StoreKind) async throws {
        let store = try store(kind)
        _ = try await store.commit(
            [
                .put(node("b", key: "K1", address: "10.0.0.1")),
                .put(node("a", key: "K2", address: "10.0.0.1")),
            ],
            author: "")
        #expect(try await store.node(with: .address("10.0.0.1"))?.name == "a")
        #expect(
            await failure { try await store.put(node("c", key: "K1"), author: "") }
                == .taken(.accessKey("K1"), by: "b"))
        _ = try await store.commit([.put(node("a", key: "K1")), .put(node("b", key: "K2"))], author: "")
        #expect(try await store.node(with: .accessKey("K1"))?.name == "a")
        #expect(try await store.node(with: .address("10.0.0.1")) == nil)
        _ = try await store.commit([.remove("a")], author: "")
        #expect(try await store.node(with: .accessKey("K1")) == nil)
        #expect(try await store.put(node("c", key: "K1"), author: "") != nil)
    }

    @Test("nodes are listed in the order of their names' bytes, by the page", arguments: StoreKind.all)
    func listing(kind: StoreKind) async throws {
        let store = try store(kind)
        let names = ["é", "b", "B", "a-10", "a-2", "a", "Z", "ü"]
        _ = try await store.commit(names.map { .put(node($0)) }, author: "")
        let sorted = ["B", "Z", "a", "a-10", "a-2", "b", "é", "ü"]
        #expect(try await store.nodes(after: nil, limit: 100).map(\.name) == sorted)
        #expect(try await store.nodes(after: "a", limit: 2).map(\.name) == ["a-10", "a-2"])
        #expect(try await store.nodes(after: "ü", limit: 2).isEmpty)

    }

    @Test("the last revisions of a node are kept, also of one that was removed", arguments: StoreKind.all)
    func history(kind: StoreKind) async throws {
        let store = try store(kind)
        for text in ["1", "2", "3"] { try await store.put(node("a", text), author: "u\(text)") }
        try await store.put(node("b"), author: "")
        _ = try await store.commit([.remove("a")], author: "u4")
        let history = try await store.history(of: "a")
        #expect(history.map(\.event.author) == ["u4", "u3", "u2"])
        #expect(history.map(\.event.kind) == [.removed, .changed, .changed])
        #expect(history.first?.node == nil)
        #expect(history.last?.node?.metadata == node("a", "2").metadata)
        #expect(history.last?.node?.revision == history.last?.event.revision)
        #expect(try await store.history(of: "c").isEmpty)
    }

    @Test("of removed nodes, the last thousand have a history", arguments: StoreKind.all)
    func removedHistory(kind: StoreKind) async throws {
        let store = try store(kind)
        let names = (0...NodeRevision.removedLimit).map { "n\($0)" }
        for name in ["n0", "again"] { try await store.put(node(name), author: "") }
        // One that is made anew is no removed one.
        _ = try await store.commit([.remove("again"), .remove("n0")], author: "")
        try await store.put(node("again"), author: "")
        _ = try await store.commit(names.dropFirst().map { .put(node($0)) }, author: "")
        _ = try await store.commit(names.dropFirst().dropLast().map { .remove($0) }, author: "")
        #expect(try await store.history(of: "n0").count == 2)
        _ = try await store.commit([.remove(names.last ?? "")], author: "")
        #expect(try await store.history(of: "n0").isEmpty)
        #expect(try await store.history(of: "n1").count == 2)
        #expect(try await store.history(of: "again").count == 3)
    }

    @Test("what a node has got is kept: the latest of what it has been, once", arguments: StoreKind.all)
    func deliveries(kind: StoreKind) async throws {
        let store = try store(kind)
        let first = try #require(try await store.put(node("a", "1"), author: "")).revision
        let second = try #require(try await store.put(node("a", "2"), author: "")).revision
        #expect(try await store.delivered(to: "a") == nil)
        func record(_ node: String, _ revision: Int) async throws -> [StoreEvent.Kind] {
            try await store.record([.init(node: node, revision: revision, time: 7)]).map(\.kind)
        }
        #expect(try await record("a", first) == [.delivered])
        #expect(try await record("a", second) == [.delivered])
        #expect(try await record("a", second).isEmpty)
        #expect(try await record("a", first).isEmpty)
        #expect(try await record("a", second + 100).isEmpty)
        #expect(try await record("b", 1).isEmpty)
        #expect(try await store.delivered(to: "a") == .init(node: "a", revision: second, time: 7))
        // It is no change of the node, and goes with it.
        #expect(try await store.node("a")?.revision == second)
        _ = try await store.commit([.remove("a")], author: "")
        #expect(try await store.delivered(to: "a") == nil)
    }

    @Test("signals are kept in their order, each once, and go with their node", arguments: StoreKind.all)
    func signals(kind: StoreKind) async throws {
        let store = try store(kind)
        try await store.put(node("a"), author: "")
        let first = try #require(try await store.append(signal("d1", "x", .failed)))
        #expect(first.kind == .signalled && first.node == "a")
        #expect(try await store.append(signal("d1", "x")) == nil)
        _ = try await store.append(signal("d2", "x"))
        _ = try await store.append(signal("d1", "y"))
        let all = try await store.signals(of: "a", after: 0, limit: 10)
        #expect(all.map { "\($0.subject) \($0.id)" } == ["d1 x", "d2 x", "d1 y"])
        var expected = signal("d1", "x", .failed)
        expected.revision = first.revision
        #expect(all.first == expected)
        #expect(try await store.signals(of: "a", after: first.revision, limit: 1).map(\.subject) == ["d2"])
        let last = try await store.lastSignals(of: "a")
        #expect(last.mapValues(\.id) == ["d1": "y", "d2": "x"])
        _ = try await store.commit([.remove("a")], author: "")
        #expect(try await store.signals(of: "a", after: 0, limit: 10).isEmpty)
    }

    @Test(
        "a signal of a node that is not there is refused; of the others the last thousand are kept",
        arguments: StoreKind.all)
    func signalLimits(kind: StoreKind) async throws {
        let store = try store(kind)
        #expect(
            await failure { _ = try await store.append(signal("d", "x")) }
                == .conflict(node: "a", revision: nil))
        try await store.put(node("a"), author: "")
        for number in 0...Signal.limit { _ = try await store.append(signal("d", "\(number)")) }
        let kept = try await store.signals(of: "a", after: 0, limit: 2_000)
        #expect(kept.count == Signal.limit && kept.first?.id == "1")
    }

    @Test(
        "two changes in one second have two times: whoever goes by them misses none", arguments: StoreKind.all
    )
    func modificationTimes(kind: StoreKind) async throws {
        let store = try store(kind)
        try await store.put(node("a", "1"), author: "")
        try await store.put(node("a", "2"), author: "")
        #expect(try await store.node("a")?.modified == 101)
    }

    @Test("each change is told once, in order, from any that is known", arguments: StoreKind.all)
    func events(kind: StoreKind) async throws {
        let store = try store(kind)
        let first = try #require(try await store.put(node("a", "1"), author: "")).revision
        try await store.put(node("a", "2"), author: "")
        let stream = try await store.events(after: first)
        let late = try await store.events(after: nil)
        _ = try await store.append(signal("d", "x"))
        _ = try await store.commit([.remove("a")], author: "")
        var iterator = stream.following.makeAsyncIterator()
        var told = stream.known
        while told.count < 3, let event = await iterator.next() { told.append(event) }
        #expect(told.map(\.kind) == [.changed, .signalled, .removed])
        #expect(told.map(\.revision) == told.map(\.revision).sorted())
        var lateIterator = late.following.makeAsyncIterator()
        #expect(await lateIterator.next()?.kind == .signalled)
    }

    @Test(
        "a thousand writers: all changes have numbers of their own, and the followers hear of each",
        arguments: StoreKind.all)
    func manyWriters(kind: StoreKind) async throws {
        let store = try store(kind)
        let stream = try await store.events(after: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask { try await store.put(node("n\(number)"), author: "\(number)") }
            }
            try await group.waitForAll()
        }
        var revisions: [Int] = []
        for await event in stream.following {
            revisions.append(event.revision)
            if revisions.count == 200 { break }
        }
        #expect(Set(revisions).count == 200 && revisions == revisions.sorted())
        #expect(try await store.nodes(after: nil, limit: 300).count == 200)
    }
}
