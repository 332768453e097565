// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem
import Synchronization
import SystemPackage

/// Runs hooks one after the other, and ends the one that runs when it is told to stop.
final class HookRunner: Sendable {
    /// Why a run is ended before its time.
    enum Stop: Sendable, Equatable {
        case timeout
        case signal(Int32)
    }

    /// How the run of a directory ended.
    enum Outcome: Sendable, Equatable {
        case completed
        /// The hook (or what came before the first one) that failed.
        case failed(String, status: Int32, reason: String)
        case stopped(Stop)
    }

    private struct State {
        var stop: Stop?
        /// The process of the hook that runs.
        var current: Int32?
        /// Children that earlier hooks left behind: they stay.
        var leftBehind: Set<Int32> = []
    }

    /// How long a hook that is asked to end may take.
    private static let grace = Duration.seconds(5)

    private let state = Mutex(State())

    /// Runs the hooks of `directory`, up to the first that fails.
    func run(_ directory: HookDirectory) async -> Outcome {
        var profile = RunProfile()
        let environment: HookEnvironment.Loaded
        switch await loadEnvironment(beside: directory, profile) {
        case .success(let loaded): environment = loaded
        case .failure(let failure): return failure.outcome
        }
        let mask = environment.mask.map { umask($0) }
        defer { if let mask { umask(mask) } }
        for hook in directory.hooks {
            if let stop { return .stopped(stop) }
            let path = directory.hookPath(hook)
            profile.say("Running \(path)")
            let start = ContinuousClock.now
            let (status, reason) = await run(path, environment)
            await end()
            if let stop { return .stopped(stop) }
            guard status == 0 else { return .failed(path, status: status, reason: reason) }
            profile.add(hook, ContinuousClock.now - start)
            profile.say("\(hook) completed")
        }
        profile.report(of: directory.path)
        return .completed
    }

    private struct Failure: Error {
        let outcome: Outcome
    }

    private func loadEnvironment(
        beside directory: HookDirectory, _ profile: RunProfile
    ) async -> Result<HookEnvironment.Loaded, Failure> {
        let environment = HookEnvironment(beside: directory.path)
        for file in environment.files { profile.say("Sourcing environment file \(file)") }
        do {
            let outcome = try await environment.load { [self] in begin($0) }
            await end()
            if let stop { return .failure(Failure(outcome: .stopped(stop))) }
            switch outcome {
            case .loaded(let environment): return .success(environment)
            case .ended: return .failure(Failure(outcome: .completed))
            case .failed(let ending):
                let outcome = Outcome.failed(
                    "environment.d", status: ending.shellStatus, reason: ending.description)
                return .failure(Failure(outcome: outcome))
            }
        } catch {
            return .failure(Failure(outcome: .failed("environment.d", status: 1, reason: "\(error)")))
        }
    }

    /// The status of one hook, as a shell tells it.
    private func run(_ path: String, _ environment: HookEnvironment.Loaded) async -> (
        status: Int32, reason: String
    ) {
        do {
            let ending = try await runProgram(FilePath(path), environment)
            return (ending.shellStatus, ending.description)
        } catch let error as HostError {
            let isThere = FileContents.status(FilePath(path)) != nil
            return (isThere && !FileContents.isExecutable(FilePath(path)) ? 126 : 127, error.description)
        } catch {
            return (127, "\(error)")
        }
    }

    private func runProgram(_ path: FilePath, _ environment: HookEnvironment.Loaded) async throws
        -> CommandRunner.Ending
    {
        // A name without a slash would be looked for in PATH.
        let program = path.isAbsolute || path.components.count > 1 ? path : FilePath("./\(path)")
        do {
            return try await CommandRunner.run(
                Self.command(program, [], environment), started: { [self] in begin($0) })
        } catch let error as HostError where error.errno == .execFormatError {
            // No `#!`: a shell script, as to every shell.
            return try await CommandRunner.run(
                Self.command("/bin/bash", [program.string], environment), started: { [self] in begin($0) })
        }
    }

    private static func command(
        _ program: FilePath, _ arguments: [String], _ environment: HookEnvironment.Loaded
    ) -> CommandRunner.Command {
        CommandRunner.Command(
            program, arguments, environment: environment.entries, workingDirectory: environment.directory)
    }

    // MARK: Stopping

    private var stop: Stop? { state.withLock { $0.stop } }

    /// Why the run is to end, if it is.
    var reason: Stop? { stop }

    private func begin(_ process: Int32) {
        let stop = state.withLock { state in
            state.current = process
            return state.stop
        }
        if stop != nil { ProcessTree.signal(ProcessTree.members(of: process), SIGKILL) }
    }

    /// Takes note that no hook runs; of one that was stopped, ends what is left.
    private func end() async {
        if stop != nil { await endOrphans() }
        state.withLock { state in
            state.current = nil
            state.leftBehind = Set(ProcessTree.ownChildren)
        }
    }

    /// Ends the hook that runs and all that it started, and lets no other begin.
    func stop(for reason: Stop) async {
        let current = state.withLock { state in
            // A signal counts for more than a time that is over.
            if state.stop == nil || state.stop == .timeout { state.stop = reason }
            return state.current
        }
        guard let current else { return }
        ProcessTree.signal(ProcessTree.members(of: current), SIGTERM)
        try? await Task.sleep(for: Self.grace)
        guard state.withLock({ $0.current == current }) else { return }
        ProcessTree.signal(ProcessTree.members(of: current), SIGKILL)
    }

    /// Ends what a stopped hook started and what became our child when its parent ended.
    private func endOrphans() async {
        ProcessTree.signal(orphans, SIGTERM)
        let deadline = ContinuousClock.now + Self.grace
        while ContinuousClock.now < deadline, !orphans.isEmpty {
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { break }
        }
        ProcessTree.signal(orphans, SIGKILL)
    }

    private var orphans: [Int32] {
        let known = state.withLock { state in state.leftBehind.union([state.current ?? 0]) }
        return ProcessTree.ownChildren.filter { !known.contains($0) }.flatMap { ProcessTree.members(of: $0) }
    }

    /// Lets hooks run again after a time that was over: what handles an error has its own. A signal stays.
    func resume() {
        state.withLock { state in
            if state.stop == .timeout { state.stop = nil }
        }
    }
}
