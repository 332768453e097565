// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import Synchronization

/// Tells those who wait for a node that it has changed.
final class ChangeFeed: Sendable {
    private struct State {
        var waiting: [String: [UInt64: CheckedContinuation<Void, Never>]] = [:]
        var nextID: UInt64 = 0
        var revisions: [String: UInt64] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// How often `node` has changed: what a waiter has seen.
    func revision(of node: String) -> UInt64 { state.withLock { $0.revisions[node] ?? 0 } }

    func publish(_ events: [StoreEvent]) {
        let waiters = state.withLock { state in
            events.filter { $0.kind != .signalled }.flatMap { event in
                let node = event.node
                state.revisions[node, default: 0] += 1
                return (state.waiting.removeValue(forKey: node) ?? [:]).values
            }
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Lets all who wait go, now and from now on: the server is about to stop.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiting.removeAll() }
            return state.waiting.values.flatMap(\.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until `node` has another revision than `seen`, for `timeout` at the most.
    func wait(for node: String, beyond seen: UInt64, timeout: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.change(of: node, beyond: seen) }
            group.addTask { try? await Task.sleep(for: timeout) }
            await group.next()
            group.cancelAll()
        }
    }

    private func change(of node: String, beyond seen: UInt64) async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    let isNew = (state.revisions[node] ?? 0) != seen
                    guard !isNew, !state.isClosed, !Task.isCancelled else { return true }
                    state.waiting[node, default: [:]][id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                let waiter = state.waiting[node]?.removeValue(forKey: id)
                if state.waiting[node]?.isEmpty == true { state.waiting[node] = nil }
                return waiter
            }
            waiter?.resume()
        }
    }
}
