// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import HostSystem
import SystemPackage

/// Runs single hooks.
struct HookRunner: Sendable {
    /// How hooks are run.
    struct Settings: Sendable {
        /// How long each may take.
        var limit: Duration?
        /// How many of one number may run together.
        var parallel = 1
        /// Whether the lines of their output are marked with their names.
        var marksLines = false
        /// Whether the last lines of their standard error are kept.
        var capturesErrors = false
        /// Whether they are told which hook of which phase they are.
        var tellsNames = true
    }

    let settings: Settings
    let processes: HookProcesses
    let reporter: RunReporter
    /// Where output goes through us.
    let relay: OutputRelay?
    /// Added to the environment of each hook.
    var variables: [(name: String, value: String)] = []

    /// How many lines of standard error are kept.
    static let capturedLines = 20

    // MARK: The environment

    enum EnvironmentOutcome: Sendable {
        case loaded(HookEnvironment.Loaded)
        /// A file ended bash with success: no hook is to run.
        case ended
        case failed(HookRun)
    }

    /// Sources the files of the `environment.d` beside a directory of hooks.
    func loadEnvironment(beside directory: String, for phase: String) async -> EnvironmentOutcome {
        let hook = Hook.environment(of: phase)
        var last: HookRun?
        do {
            let environment = try HookEnvironment(beside: directory)
            if environment.files.isEmpty { return .loaded(HookEnvironment.Loaded()) }
            reporter.tell(.environmentFound(environment))
            let outcome = try await environment.load { command in
                var command = command
                command.environment = entries(hook, nil)
                let run = await run(prepare(hook), command, isAlone: true)
                last = run
                return .exited(run.ending.status)
            }
            switch outcome {
            case .loaded(let loaded): return .loaded(loaded)
            case .ended: return .ended
            case .failed(let file):
                if let file { reporter.tell(.environmentFailed(file)) }
                return last.map { .failed($0) } ?? .ended
            }
        } catch {
            let run = HookRun(
                hook: hook, offset: reporter.elapsed, duration: .zero,
                ending: .notStarted(status: 1, reason: "\(error)"))
            reporter.tell(.hookEnded(run))
            return .failed(run)
        }
    }

    // MARK: One hook

    /// A hook whose turn is taken: what it writes comes behind what those prepared before it write.
    struct Prepared: Sendable {
        let hook: Hook
        fileprivate let offset: Duration
        fileprivate let channel: Result<OutputRelay.Channel?, HostError>
    }

    /// Tells that the hook starts: it has to.
    func prepare(_ hook: Hook) -> Prepared {
        let offset = reporter.elapsed
        reporter.tell(.hookStarted(hook, at: offset))
        let wish = OutputRelay.Wish(
            mark: settings.marksLines ? Printable.name(hook.name) + " | " : nil,
            takesOutput: settings.marksLines || settings.parallel > 1,
            rememberedLines: settings.capturesErrors ? Self.capturedLines : 0)
        return Prepared(
            hook: hook, offset: offset, channel: Result { () throws(HostError) in try relay?.open(wish) })
    }

    /// Runs one hook.
    ///
    /// - Parameter isAlone: whether no other runs beside it; only then it has our standard input.
    func run(_ prepared: Prepared, _ environment: HookEnvironment.Loaded, isAlone: Bool) async -> HookRun {
        let path = FilePath(prepared.hook.path)
        // A name without a slash would be looked for in PATH.
        let program = path.isAbsolute || path.components.count > 1 ? path : FilePath("./\(path)")
        let command = CommandRunner.Command(
            program, [], environment: entries(prepared.hook, environment.entries),
            workingDirectory: environment.directory)
        return await run(prepared, command, isAlone: isAlone)
    }

    private func run(_ prepared: Prepared, _ command: CommandRunner.Command, isAlone: Bool) async -> HookRun {
        let hook = prepared.hook
        var errorLines: [String]?
        var duration: Duration?
        let ending: HookEnding
        do {
            let channel = try prepared.channel.get()
            ending = await self.ending(of: command, hook, channel, isAlone: isAlone)
            // What it takes to hand its output on is not its time.
            duration = reporter.elapsed - prepared.offset
            if let channel, let relay {
                let lines = await relay.finish(channel, isHurried: ending.isForced)
                errorLines = settings.capturesErrors ? lines : nil
            }
        } catch {
            ending = .notStarted(status: 127, reason: "\(error)")
        }
        let run = HookRun(
            hook: hook, offset: prepared.offset, duration: duration ?? .zero, ending: ending,
            errorLines: errorLines)
        reporter.tell(.hookEnded(run))
        return run
    }

    private func ending(
        of command: CommandRunner.Command, _ hook: Hook, _ channel: OutputRelay.Channel?, isAlone: Bool
    ) async -> HookEnding {
        do {
            return ending(of: try await start(command, hook, channel, isAlone: isAlone))
        } catch is HookProcesses.Stopped {
            return stopEnding ?? .overTime(nil)
        } catch let error as HostError {
            return .notStarted(error, command)
        } catch {
            return .notStarted(status: 127, reason: "\(error)")
        }
    }

    private func ending(of ended: HookProcesses.Ended) -> HookEnding {
        if ended.isOverTime { return .overTime(settings.limit?.inSeconds) }
        // One that ends well though it was asked to end has not done all that it was to do.
        let isOwn = ended.ending.isSuccess && !ended.isAsked
        return (isOwn ? nil : stopEnding) ?? HookEnding(ended.ending)
    }

    private var stopEnding: HookEnding? {
        switch processes.stop {
        case .signal(let signal): .stopped(signal: signal)
        case .timeout: .overTime(nil)
        case nil: nil
        }
    }

    private func start(
        _ command: CommandRunner.Command, _ hook: Hook, _ channel: OutputRelay.Channel?, isAlone: Bool
    ) async throws -> HookProcesses.Ended {
        func attempt(_ command: CommandRunner.Command) async throws -> HookProcesses.Ended {
            var streams = try channel?.streams() ?? CommandRunner.Streams()
            streams.hasNoInput = !isAlone
            return try await processes.run(command, streams, mark: hook.path, limit: settings.limit)
        }
        do {
            return try await attempt(command)
        } catch let error as HostError where error.errno == .execFormatError {
            // No `#!`: a shell script, as to every shell.
            var script = command
            script.program = "/bin/bash"
            script.arguments = [command.program.string] + command.arguments
            return try await attempt(script)
        }
    }

    /// The environment with what we add; nil: that of this process.
    private func entries(_ hook: Hook, _ entries: [[UInt8]]?) -> [[UInt8]]? {
        guard settings.tellsNames else { return entries }
        let added =
            variables + [
                (HookProcesses.markVariable, hook.path), (HookEnvironment.phaseVariable, hook.phase),
            ]
        let names = added.map { Array("\($0.name)=".utf8) }
        let others = (entries ?? ProgramEnvironment.entries).filter { entry in
            !names.contains { entry.starts(with: $0) }
        }
        return others + added.map { Array("\($0.name)=\($0.value)".utf8) }
    }
}
