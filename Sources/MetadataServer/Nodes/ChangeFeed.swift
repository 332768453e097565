// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import Synchronization

/// Somebody who waits, once, until somebody else lets him go.
final class Waiter: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Void, Never>)
        case released
    }

    private let state = Mutex(State.idle)

    /// Ends the wait, or the one that is to come.
    func release() {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .released }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume()
    }

    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReleased = state.withLock { state in
                    if case .released = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isReleased { continuation.resume() }
            }
        } onCancel: {
            release()
        }
    }
}

/// Tells those who wait for a node that it has changed.
final class ChangeFeed: Sendable {
    private struct State {
        var waiting: [String: [ObjectIdentifier: Waiter]] = [:]
        var revisions: [String: UInt64] = [:]
        var isClosed = false
        var count = 0
    }

    private let state = Mutex(State())

    /// How often `node` has changed: what a waiter has seen.
    func revision(of node: String) -> UInt64 { state.withLock { $0.revisions[node] ?? 0 } }

    /// How many wait.
    var waiting: Int { state.withLock { $0.count } }

    func publish(_ events: [StoreEvent]) {
        let waiters = state.withLock { state in
            events.filter(\.kind.isChange).flatMap { event in
                state.revisions[event.node, default: 0] += 1
                let waiters = state.waiting.removeValue(forKey: event.node) ?? [:]
                state.count -= waiters.count
                return waiters.values.map(\.self)
            }
        }
        for waiter in waiters { waiter.release() }
    }

    /// Lets all who wait go, now and from now on: the server is about to stop.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            state.count = 0
            defer { state.waiting.removeAll() }
            return state.waiting.values.flatMap(\.values)
        }
        for waiter in waiters { waiter.release() }
    }

    var isClosed: Bool { state.withLock(\.isClosed) }

    /// Waits until `node` has another revision than `seen`, or `waiter` is released by somebody else.
    func wait(for node: String, beyond seen: UInt64, _ waiter: Waiter) async {
        let id = ObjectIdentifier(waiter)
        let isOver = state.withLock { state in
            guard (state.revisions[node] ?? 0) == seen, !state.isClosed else { return true }
            state.waiting[node, default: [:]][id] = waiter
            state.count += 1
            return false
        }
        guard !isOver else { return }
        await waiter.wait()
        state.withLock { state in
            guard state.waiting[node]?.removeValue(forKey: id) != nil else { return }
            state.count -= 1
            if state.waiting[node]?.isEmpty == true { state.waiting[node] = nil }
        }
    }
}
