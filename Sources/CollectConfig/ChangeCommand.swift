// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem
import Synchronization
import SystemPackage

/// The command that is run when the metadata has changed: a line of shell.
final class ChangeCommand: Sendable {
    private struct State {
        var process: Int32?
        var isStopped = false
    }

    /// How long a command that is asked to end may take: longer than os-refresh-config gives its hooks.
    private static let grace = Duration.seconds(8)

    private let state = Mutex(State())

    /// Runs `line` with `OS_CONFIG_FILES` set to `paths`.
    ///
    /// - Throws: `HostError` when the shell cannot be started.
    func run(_ line: String, paths: [String], environment: [String: String]) async throws
        -> CommandRunner.Ending
    {
        var environment = environment
        environment["OS_CONFIG_FILES"] = paths.joined(separator: ":")
        let entries = environment.map { Array("\($0.key)=\($0.value)".utf8) }
        defer { state.withLock { $0.process = nil } }
        return try await CommandRunner.run(
            CommandRunner.Command("/bin/sh", ["-c", line], environment: entries),
            started: { [self] in begin($0) })
    }

    /// Whether the command was asked to end.
    var isStopped: Bool { state.withLock { $0.isStopped } }

    private func begin(_ process: Int32) {
        let isStopped = state.withLock { state in
            state.process = process
            return state.isStopped
        }
        if isStopped { kill(process, SIGKILL) }
    }

    /// Ends the command that runs, if one does, and all that it started: asks, waits, kills.
    func stop() async {
        let process = state.withLock { state in
            state.isStopped = true
            return state.process
        }
        guard let process else { return }
        ProcessTree.signal(ProcessTree.members(of: process), SIGTERM)
        // What the command starts when it is asked to end belongs to it too.
        var members = Set(ProcessTree.members(of: process))
        let deadline = ContinuousClock.now + Self.grace
        while ContinuousClock.now < deadline, members.contains(where: ProcessTree.isAlive) {
            for member in members { members.formUnion(ProcessTree.members(of: member)) }
            try? await Task.sleep(for: .milliseconds(20))
        }
        ProcessTree.signal(members.filter(ProcessTree.isAlive), SIGKILL)
    }
}
