// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Synchronization

/// What wakes the loop before its time.
struct WakeReasons: OptionSet, Sendable {
    let rawValue: UInt8

    /// A source has something new.
    static let sourceChanged = WakeReasons(rawValue: 1)
    /// The configuration is to be read anew.
    static let reload = WakeReasons(rawValue: 2)
    /// Something has changed where configuration files are.
    static let configurationTouched = WakeReasons(rawValue: 4)
    /// What the loop waits for is done.
    static let workDone = WakeReasons(rawValue: 8)
}

/// How the one loop waits: for a time, for what others tell it, for work that it gave away, and always in time for the service
/// manager's watchdog.
final class Wakefulness: Sendable {
    private struct State {
        var pending: WakeReasons = []
        var wanted: WakeReasons = []
        var sleeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let clock: any Clock<Duration>
    private let notifier: ServiceNotifier

    init(clock: any Clock<Duration>, notifier: ServiceNotifier) {
        self.clock = clock
        self.notifier = notifier
    }

    /// Wakes the loop if it waits for `reason`; else it finds it when it does.
    func wake(for reason: WakeReasons) {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.pending.insert(reason)
            guard !state.pending.isDisjoint(with: state.wanted) else { return nil }
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
    }

    /// Waits for one of `wanted`, at most for `time`.
    ///
    /// - Parameter time: nil: for ever.
    /// - Returns: those of `wanted` that have come, which are forgotten with that; none when the time is over.
    /// - Throws: `CancellationError`.
    func wait(for wanted: WakeReasons, within time: Duration?) async throws -> WakeReasons {
        var left = time
        while true {
            notifier.ping()
            let next = [left, notifier.watchdogLimit.map { $0 / 2 }].compactMap { $0 }.min()
            let isOver = await sleep(for: wanted, within: next)
            try Task.checkCancellation()
            let come = state.withLock { state in
                let come = state.pending.intersection(wanted)
                state.pending.subtract(wanted)
                return come
            }
            if !come.isEmpty { return come }
            if isOver, let passed = next, let rest = left {
                guard rest > passed else { return [] }
                left = rest - passed
            }
        }
    }

    /// Waits for `work` to be done. What comes meanwhile is found later.
    ///
    /// - Throws: `CancellationError`.
    func attend<Result: Sendable>(_ work: @escaping @Sendable () async -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask {
                defer { self.wake(for: .workDone) }
                return await work()
            }
            _ = try await wait(for: .workDone, within: nil)
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    /// True when the time is over.
    private func sleep(for wanted: WakeReasons, within time: Duration?) async -> Bool {
        guard let time else {
            await arrival(of: wanted)
            return false
        }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.arrival(of: wanted)
                return false
            }
            group.addTask { [clock] in (try? await clock.sleep(for: time)) != nil }
            let isOver = await group.next() ?? false
            group.cancelAll()
            return isOver
        }
    }

    private func arrival(of wanted: WakeReasons) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    state.wanted = wanted
                    guard state.pending.isDisjoint(with: wanted), !Task.isCancelled else { return true }
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

extension ServiceNotifier {
    /// Tells the watchdog, where there is one, that we are well.
    fileprivate func ping() {
        if watchdogLimit != nil { notify("WATCHDOG=1") }
    }
}

/// The sources that are being waited for.
final class WatchedSources: Sendable {
    private let names = Mutex<Set<String>>([])

    /// False when the source is being waited for already.
    func begin(_ name: String) -> Bool { names.withLock { $0.insert(name).inserted } }

    func end(_ name: String) { names.withLock { _ = $0.remove(name) } }
}
