// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Synchronization
import SystemPackage

/// The command that is run when the metadata has changed: a line of shell.
final class ChangeCommand: Sendable {
    private struct State {
        /// The children that were there before the command; nil when none runs.
        var spared: Set<Int32>?
        var isStopped = false
        var isOverTime = false
    }

    /// How a command ended.
    struct Ended: Sendable {
        let ending: CommandRunner.Ending
        let isOverTime: Bool
    }

    /// How long a command that is asked to end may take: longer than os-refresh-config gives its hooks.
    private static let grace = Duration.seconds(8)

    /// How much longer it may take to be gone.
    private static let patience = Duration.seconds(2)
    private static let glance = Duration.milliseconds(10)

    private let state = Mutex(State())

    /// Whether the command was asked to end, and no other may start.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Runs `line` with `OS_CONFIG_FILES` set to `paths`.
    ///
    /// - Parameter limit: how long it may run; then it is ended with all that it started. Nil: for ever.
    /// - Throws: `HostError` when the shell cannot be started, `CancellationError` after `stop`.
    func run(_ line: String, paths: [String], environment: [String: String], limit: Duration?) async throws
        -> Ended
    {
        var environment = environment
        environment["OS_CONFIG_FILES"] = paths.joined(separator: ":")
        for variable in ServiceNotifier.variables { environment[variable] = nil }
        let entries = environment.map { Array("\($0.key)=\($0.value)".utf8) }
        try begin()
        defer { state.withLock { $0.spared = nil } }
        async let _: Void = endCommand(after: limit)
        let ending = try await CommandRunner.run(
            CommandRunner.Command("/bin/sh", ["-c", line], environment: entries))
        AwaitedChild.reapOrphans()
        return Ended(ending: ending, isOverTime: state.withLock { $0.isOverTime })
    }

    private func begin() throws {
        let isStopped = state.withLock { state in
            guard !state.isStopped else { return true }
            state.spared = Set(ProcessTree.ownChildren)
            state.isOverTime = false
            return false
        }
        if isStopped { throw CancellationError() }
    }

    private func endCommand(after limit: Duration?) async {
        guard let limit, (try? await Task.sleep(for: limit)) != nil else { return }
        state.withLock { $0.isOverTime = true }
        await end()
    }

    /// Ends the command that runs, if one does, and all that it started: asks, waits, kills. None starts after that.
    func stop() async {
        state.withLock { $0.isStopped = true }
        let deadline = ContinuousClock.now + Self.grace + Self.patience
        // One that was about to start when the word came has no process yet; one that cannot be killed is left.
        while isRunning, ContinuousClock.now < deadline {
            await end()
            try? await Task.sleep(for: Self.glance)
        }
    }

    private var isRunning: Bool { state.withLock { $0.spared != nil } }

    private func end() async {
        guard let spared = state.withLock({ $0.spared }) else { return }
        await ProcessTree.endChildren(sparing: spared, grace: Self.grace)
    }
}
