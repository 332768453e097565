// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem
import Synchronization

/// The processes of the hooks that run: starts them, waits for them, and ends them and all that they started, when a time is over or
/// somebody wants us to end.
///
/// What hooks that ended by themselves left behind is never touched.
final class HookProcesses: Sendable {
    /// Why a run is ended before its time.
    enum Stop: Sendable, Equatable {
        case timeout
        case signal(Int32)
    }

    /// How a program ended.
    struct Ended: Sendable {
        let ending: CommandRunner.Ending
        /// Whether it was ended for its own time limit.
        let isOverTime: Bool
        /// Whether it was asked to end, for whatever reason.
        let isAsked: Bool
    }

    struct Stopped: Error {}

    private struct Running {
        /// The value of `markVariable` in its environment.
        let mark: String
        let alarm: AsyncStream<Void>.Continuation
        /// Nil until it is known.
        var process: Int32?
        var isOverTime = false
        var isAsked = false
    }

    private struct State {
        var stop: Stop?
        /// Whether what runs is to be killed without waiting.
        var isImpatient = false
        /// When the first signal came.
        var signalled: ContinuousClock.Instant?
        var running: [Int: Running] = [:]
        var begun = 0
        /// Of all programs that were run.
        var marks: Set<String> = []
        /// What ended programs left behind.
        var leftBehind: Set<Int32> = []

        var processes: Set<Int32> { Set(running.values.compactMap(\.process)) }
    }

    /// Tells whose a process is that has lost its parent.
    static let markVariable = "OS_REFRESH_CONFIG_HOOK"

    /// How long a program that is asked to end may take.
    private static let grace = Duration.seconds(5)

    /// Within what time a second signal is taken for the first.
    private static let echoPatience = Duration.seconds(1)
    /// How long a signal to us may be on its way.
    private static let signalPatience = Duration.milliseconds(50)

    private let state = Mutex(State())

    /// Why the run is to end, if it is.
    var stop: Stop? { state.withLock { $0.stop } }

    /// Runs a program to its end.
    ///
    /// - Parameter mark: what `markVariable` is in its environment.
    /// - Throws: `Stopped` when the run is to end, `HostError` when the program cannot be started.
    func run(
        _ command: CommandRunner.Command, _ streams: CommandRunner.Streams, mark: String, limit: Duration?
    ) async throws -> Ended {
        let (alarms, alarm) = AsyncStream.makeStream(of: Void.self)
        let number = try begin(mark, alarm)
        async let guarding: Void = endWhenAlarmed(number, alarms)
        async let _: Void = setOff(alarm, number, after: limit)
        do {
            let ending = try await CommandRunner.run(command, streams) { [self] in started($0, number) }
            if Self.isLikeInterruption(ending) { try? await Task.sleep(for: Self.signalPatience) }
            alarm.finish()
            await guarding
            return end(number, ending)
        } catch {
            alarm.finish()
            await guarding
            _ = end(number, .exited(0))
            throw error
        }
    }

    /// Whether a program ended as if the keys of a terminal had sent a signal to it, and to us, who may hear it later.
    private static func isLikeInterruption(_ ending: CommandRunner.Ending) -> Bool {
        [SIGINT, SIGTERM, SIGHUP].contains { ending == .killed(signal: $0) || ending == .exited(128 + $0) }
    }

    private func begin(_ mark: String, _ alarm: AsyncStream<Void>.Continuation) throws(Stopped) -> Int {
        let number: Int? = state.withLock { state in
            guard state.stop == nil else { return nil }
            state.begun += 1
            state.running[state.begun] = Running(mark: mark, alarm: alarm)
            state.marks.insert(mark)
            return state.begun
        }
        guard let number else { throw Stopped() }
        return number
    }

    private func started(_ process: Int32, _ number: Int) {
        let isLate = state.withLock { state in
            state.running[number]?.process = process
            return state.stop != nil || state.running[number]?.isOverTime == true
        }
        // Whoever was to end it before may not have found it.
        if isLate { state.withLock { $0.running[number]?.alarm }?.yield() }
    }

    /// Takes note of what the program left behind.
    private func end(_ number: Int, _ ending: CommandRunner.Ending) -> Ended {
        let children = ProcessTree.ownChildren
        let left = children.filter { belongs($0, to: number) }
        let running = state.withLock { state in
            defer { state.running[number] = nil }
            state.leftBehind.formUnion(left)
            // Of what has ended the number may be given again.
            state.leftBehind = state.leftBehind.filter(ProcessTree.isAlive)
            return state.running[number]
        }
        AwaitedChild.reapOrphans()
        return Ended(
            ending: ending, isOverTime: running?.isOverTime ?? false, isAsked: running?.isAsked ?? false)
    }

    // MARK: Ending

    private func setOff(
        _ alarm: AsyncStream<Void>.Continuation, _ number: Int, after limit: Duration?
    ) async {
        guard let limit, (try? await Task.sleep(for: limit)) != nil else { return }
        state.withLock { $0.running[number]?.isOverTime = true }
        alarm.yield()
    }

    private func endWhenAlarmed(_ number: Int, _ alarms: AsyncStream<Void>) async {
        for await _ in alarms {
            state.withLock { state in
                let process = state.running[number]?.process
                if let process, ProcessTree.isAlive(process) { state.running[number]?.isAsked = true }
            }
            let deadline = ContinuousClock.now + Self.grace
            await ProcessTree.endChildren(
                { belongs($0, to: number) },
                overdue: { ContinuousClock.now >= deadline || state.withLock { $0.isImpatient } })
        }
    }

    /// Whether a child of ours is the program of that number, or was started by it and has lost its parent.
    private func belongs(_ child: Int32, to number: Int) -> Bool {
        let (own, isForeign, isAlone, leftBehind, marks) = state.withLock { state in
            let own = state.running[number]
            return (
                own, state.leftBehind.contains(child) || state.processes.contains(child),
                state.running.count == 1, state.leftBehind, state.marks
            )
        }
        guard let own else { return false }
        if own.process == child { return true }
        if isForeign { return false }
        let mark = ProcessTree.variable(Self.markVariable, of: child)
        if mark == own.mark { return true }
        if let mark, marks.contains(mark) { return false }
        // It says nothing of use. What is of a daemon's session is the daemon's; and when others run, who knows.
        let session = ProcessTree.foreignSession(of: child)
        let isDaemons = session.map { session in
            leftBehind.contains { ProcessTree.foreignSession(of: $0) == session }
        }
        return isAlone && isDaemons != true
    }

    /// Ends what runs and all that it started, and lets nothing begin. Called again, it waits no longer.
    func stop(for reason: Stop) {
        let alarms = state.withLock { state in
            if case .signal = reason {
                // timeout(1) and the like send a signal to us and to our group: one is meant.
                let isAnother = state.signalled.map { ContinuousClock.now - $0 > Self.echoPatience } ?? false
                state.isImpatient = state.isImpatient || isAnother
                state.signalled = state.signalled ?? ContinuousClock.now
            }
            // A signal counts for more than a time that is over.
            if state.stop == nil || state.stop == .timeout { state.stop = reason }
            return state.running.values.map(\.alarm)
        }
        for alarm in alarms { alarm.yield() }
    }

    /// Lets programs run again after a time that was over: what handles an error has its own. A signal stays.
    func resume() {
        state.withLock { state in
            if state.stop == .timeout { state.stop = nil }
        }
    }
}
