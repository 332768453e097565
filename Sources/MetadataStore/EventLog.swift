// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The last changes of a store, and those who follow them.
package final class EventLog: Sendable {
    private struct State {
        var events: [StoreEvent]
        /// All beyond this change are in `events`.
        var floor: Int
        var followers: [Int: AsyncStream<StoreEvent>.Continuation] = [:]
        var nextFollower = 0
        var isClosed = false
    }

    private let limit: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - events: the last ones of a store that was there before, in their order.
    ///   - floor: the change before the first of them.
    ///   - limit: how many are kept; four times as many may wait for a slow follower.
    package init(_ events: [StoreEvent] = [], floor: Int = 0, limit: Int = 10_000) {
        self.limit = limit
        state = Mutex(State(events: events, floor: floor))
    }

    /// - Parameter events: in their order, all later than those before.
    package func publish(_ events: [StoreEvent]) {
        guard !events.isEmpty else { return }
        let slow = state.withLock { state in
            state.events += events
            // Twice as many before any are dropped, so that not each change moves them all.
            if state.events.count > 2 * limit {
                let surplus = state.events.count - limit
                state.floor = state.events[surplus - 1].revision
                state.events.removeFirst(surplus)
            }
            let slow = state.followers.filter { _, follower in
                !events.allSatisfy { if case .enqueued = follower.yield($0) { true } else { false } }
            }
            for id in slow.keys { state.followers[id] = nil }
            return slow.values
        }
        // Without the lock: whoever ends is taken from the list.
        for follower in slow { follower.finish() }
    }

    package func events(after revision: Int?) throws(StoreError) -> StoreEvents {
        let (stream, continuation) = AsyncStream.makeStream(
            of: StoreEvent.self, bufferingPolicy: .bufferingOldest(4 * limit))
        let known: [StoreEvent]? = state.withLock { state in
            var known: [StoreEvent] = []
            if let revision {
                guard revision >= state.floor else { return nil }
                known = Array(state.events.drop { $0.revision <= revision })
            }
            guard !state.isClosed else {
                continuation.finish()
                return known
            }
            let id = state.nextFollower
            state.nextFollower += 1
            state.followers[id] = continuation
            continuation.onTermination = { [weak self] _ in self?.remove(id) }
            return known
        }
        guard let known else { throw .forgotten }
        return StoreEvents(known: known, following: stream)
    }

    /// Ends all followers' sequences, those to come too.
    package func close() {
        let followers = state.withLock { state in
            state.isClosed = true
            defer { state.followers = [:] }
            return state.followers.values.map(\.self)
        }
        for follower in followers { follower.finish() }
    }

    private func remove(_ id: Int) { _ = state.withLock { $0.followers.removeValue(forKey: id) } }
}
