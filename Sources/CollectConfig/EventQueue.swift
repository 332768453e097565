// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Events that wait for the one task that takes them.
final class EventQueue: Sendable {
    private struct State {
        var waiting: [CollectLoop.Event] = []
        var sleeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func add(_ event: CollectLoop.Event) {
        let sleeper = state.withLock { state in
            state.waiting.append(event)
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// What woke us within `timeout`: a reload before all else; nil when nothing did.
    ///
    /// - Throws: `CancellationError`.
    func next(within timeout: Duration) async throws -> CollectLoop.Event? {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.arrival() }
            group.addTask { try? await Task.sleep(for: timeout) }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
        return state.withLock { state in
            defer { state.waiting.removeAll() }
            return state.waiting.contains { $0 == .reload } ? .reload : state.waiting.first
        }
    }

    private func arrival() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard state.waiting.isEmpty, !Task.isCancelled else { return true }
                    state.sleeper = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                defer { state.sleeper = nil }
                return state.sleeper
            }
            sleeper?.resume()
        }
    }
}

/// The sources that are being waited for.
final class WatchedSources: Sendable {
    private let names = Mutex<Set<String>>([])

    /// False when the source is being waited for already.
    func begin(_ name: String) -> Bool { names.withLock { $0.insert(name).inserted } }

    func end(_ name: String) { names.withLock { _ = $0.remove(name) } }
}
