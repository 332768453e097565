// SPDX-License-Identifier: Apache-2.0

import Logging
import MetadataStore
import Synchronization
import TestSupport
import Testing

@testable import MetadataServer

@Suite("What nodes have got is kept")
struct DeliveryRecorderTests {
    /// A store that refuses some nodes, as long as it does.
    private final class Store: Sendable {
        private let state = Mutex((refused: Set<String>(), kept: [[UInt8]: Int](), refusals: 0))

        init(refusing refused: Set<String> = []) { state.withLock { $0.refused = refused } }

        func refuse(_ nodes: Set<String>) { state.withLock { $0.refused = nodes } }

        func record(_ deliveries: [DeliveredRevision]) throws {
            try state.withLock { state in
                if deliveries.contains(where: { state.refused.contains($0.node) }) {
                    state.refusals += 1
                    throw StoreError.unusable("it is broken")
                }
                for delivered in deliveries { state.kept[Array(delivered.node.utf8)] = delivered.revision }
            }
        }

        var refusals: Int { state.withLock { $0.refusals } }

        func revision(_ node: String) -> Int? { state.withLock { $0.kept[Array(node.utf8)] } }
    }

    /// What `body` does while a recorder runs, which has noted `before` already.
    private func recording(
        _ store: Store, before: [(String, Int)] = [], _ body: (DeliveryRecorder) async throws -> Void
    ) async throws {
        let recorder = DeliveryRecorder(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, pause: .milliseconds(20)
        ) { try store.record($0) }
        for (name, revision) in before { recorder.note(name, revision: revision) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await recorder.run() }
            try await body(recorder)
            group.cancelAll()
        }
    }

    @Test("what could not be kept is kept when the store is well again, whether or not a node comes again")
    func retry() async throws {
        let store = Store(refusing: ["a"])
        try await recording(store) { recorder in
            recorder.note("a", revision: 1)
            #expect(await inTime { store.refusals > 2 })
            #expect(store.revision("a") == nil)
            store.refuse([])
            #expect(await inTime { store.revision("a") == 1 })
        }
    }

    @Test("one that cannot be kept is not in the way of the others")
    func oneOfMany() async throws {
        let store = Store(refusing: ["bad"])
        let names = (0..<20).map { "n\($0)" }
        try await recording(store, before: (names + ["bad"]).map { ($0, 3) }) { _ in
            #expect(await inTime { names.allSatisfy { store.revision($0) == 3 } })
            #expect(store.revision("bad") == nil)
        }
    }

    @Test("many that cannot be kept are not in the way of the others for ever")
    func manyOfMany() async throws {
        let (names, bad) = ((0..<20).map { "n\($0)" }, (0..<20).map { "bad\($0)" })
        let store = Store(refusing: Set(bad))
        try await recording(store, before: (names + bad).map { ($0, 3) }) { _ in
            #expect(await inTime { names.allSatisfy { store.revision($0) == 3 } })
            store.refuse([])
            #expect(await inTime { bad.allSatisfy { store.revision($0) == 3 } })
        }
    }

    @Test("the latest counts, and names that only look the same are two")
    func latest() async throws {
        let store = Store()
        let (one, other) = ("\u{E9}", "e\u{301}")
        try await recording(store) { recorder in
            recorder.note(one, revision: 10)
            #expect(await inTime { store.revision(one) == 10 })
            recorder.note(other, revision: 5)
            #expect(await inTime { store.revision(other) == 5 })
            recorder.note(one, revision: 9)
            recorder.note("end", revision: 1)
            #expect(await inTime { store.revision("end") == 1 })
            #expect(store.revision(one) == 10)
        }
    }
}
