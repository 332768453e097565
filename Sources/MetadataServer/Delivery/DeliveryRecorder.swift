// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import MetadataStore
import Synchronization

/// Keeps in the store which revision each node has got. Nobody waits for it: what comes while it writes is written together then.
final class DeliveryRecorder: Sendable {
    private struct State {
        /// What is in the store, as far as it was this server that gave it.
        var kept: [String: Int] = [:]
        var open: [String: DeliveredRevision] = [:]
    }

    private let store: any MetadataStore
    private let logger: Logger
    private let state = Mutex(State())
    private let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    init(store: any MetadataStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// The node has what it is at `revision`.
    func note(_ node: String, revision: Int) {
        let isNew = state.withLock { state in
            // An answer that was begun before another may come after it.
            guard revision > max(state.kept[node] ?? 0, state.open[node]?.revision ?? 0) else { return false }
            state.open[node] = DeliveredRevision(node: node, revision: revision, time: time(nil))
            return true
        }
        if isNew { wake.yield() }
    }

    /// Writes until its task is cancelled. What cannot be written is tried again with the next.
    func run() async {
        for await _ in wakes {
            let open = state.withLock { Array($0.open.values) }
            do {
                _ = try await store.record(open)
                state.withLock { state in
                    for delivered in open {
                        state.kept[delivered.node] = delivered.revision
                        if state.open[delivered.node] == delivered { state.open[delivered.node] = nil }
                    }
                }
            } catch {
                logger.error("cannot keep what \(open.count) nodes have got: \(error)")
            }
        }
    }
}
