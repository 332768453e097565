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
        private let state = Mutex((refused: Set<String>(), kept: [[UInt8]: Int]()))

        init(refusing refused: Set<String> = []) { state.withLock { $0.refused = refused } }

        func refuse(_ nodes: Set<String>) { state.withLock { $0.refused = nodes } }

        func record(_ deliveries: [DeliveredRevision]) throws {
            try state.withLock { state in
                if deliveries.contains(where: { state.refused.contains($0.node) }) {
                    throw StoreError.unusable("it is broken")
                }
                for delivered in deliveries { state.kept[Array(delivered.node.utf8)] = delivered.revision }
            }
        }

        func revision(_ node: String) -> Int? { state.withLock { $0.kept[Array(node.utf8)] } }
    }

    /// What `body` does while a recorder runs.
    private func recording(_ store: Store, _ body: (DeliveryRecorder) throws -> Void) async throws {
        let recorder = DeliveryRecorder(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, pause: .milliseconds(20)
        ) { try store.record($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await recorder.run() }
            try body(recorder)
            group.cancelAll()
        }
    }

    @Test("what could not be kept is kept when the store is well again, whether or not a node comes again")
    func retry() async throws {
        let store = Store(refusing: ["a"])
        try await recording(store) { recorder in
            recorder.note("a", revision: 1)
            #expect(!eventually(within: 0.2) { store.revision("a") != nil })
            store.refuse([])
            #expect(eventually { store.revision("a") == 1 })
        }
    }

    @Test("one that cannot be kept is not in the way of the others")
    func oneOfMany() async throws {
        let store = Store(refusing: ["bad"])
        try await recording(store) { recorder in
            for name in ["a", "bad", "b"] { recorder.note(name, revision: 3) }
            #expect(eventually { store.revision("a") == 3 && store.revision("b") == 3 })
            #expect(store.revision("bad") == nil)
        }
    }

    @Test("the latest counts, and names that only look the same are two")
    func latest() async throws {
        let store = Store()
        let (one, other) = ("\u{E9}", "e\u{301}")
        try await recording(store) { recorder in
            recorder.note(one, revision: 10)
            #expect(eventually { store.revision(one) == 10 })
            recorder.note(other, revision: 5)
            #expect(eventually { store.revision(other) == 5 })
            recorder.note(one, revision: 9)
            recorder.note("end", revision: 1)
            #expect(eventually { store.revision("end") == 1 })
            #expect(store.revision(one) == 10)
        }
    }
}
