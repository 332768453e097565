// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Glibc
import HostSystem
import Logging
import SystemPackage

/// os-refresh-config without a subcommand: runs the hooks.
struct RunCommand: Sendable {
    private let call: Invocation
    private let options: RefreshConfigOptions
    private let base: HookBase
    private let logger: Logger

    static func run(_ call: Invocation) async -> Int32 {
        let base = HookBase(environment: call.environment)
        let options: RefreshConfigOptions
        do {
            let arguments = try OriginalArguments(call.words, options: RefreshConfigOptions.originalRules)
            let answer = CommandUsage.answer(arguments, call.name, completing: CompletedCommand.self) {
                help(call.name)
            }
            if let answer { return answer }
            options = try RefreshConfigOptions.parse(RefreshConfigOptions.canonicalWords(arguments))
        } catch {
            return CommandUsage.refuse(call.name, RefreshConfigOptions.self, error)
        }
        if options.printBase {
            StandardStream.output.write(base.path + "\n")
            return ExitStatus.success
        }
        if options.printPhases {
            StandardStream.output.write(Phase.allCases.map(\.rawValue).joined(separator: "\t") + "\n")
            return ExitStatus.success
        }
        let logger = AgentLogHandler.logger(
            layout: .named("os-refresh-config"), level: options.logLevel.level,
            patience: RunProfile.logPatience)
        let command = RunCommand(call: call, options: options, base: base, logger: logger)
        if options.dryRun { return command.printPlan() }
        return await command.runWatched()
    }

    private static func help(_ name: String) -> String {
        CommandUsage.help(
            of: RefreshConfigOptions.self, name,
            "Runs the hooks of pre-configure.d, configure.d, post-configure.d and migration.d.",
            subcommands: Subcommand.allCases.map { ($0.rawValue, $0.summary) })
    }

    private func refuse(_ error: any Error) -> Int32 {
        CommandUsage.refuse(call.name, RefreshConfigOptions.self, UsageError("\(error)"))
    }

    // MARK: Without running

    private func printPlan() -> Int32 {
        do {
            let selection = try options.selection.selection(in: base)
            for phase in selection.phases {
                guard let directory = try base.directory(of: phase.rawValue) else { continue }
                for hook in selection.hooks(of: phase, in: directory) {
                    StandardStream.output.write(directory.hookPath(hook) + "\n")
                }
            }
            return ExitStatus.success
        } catch let error as RunSelection.SelectionError {
            return refuse(error)
        } catch {
            logger.error("\(error)")
            return ExitStatus.failure
        }
    }

    // MARK: Running

    private enum Event: Sendable {
        case ended(Int32)
        case other
    }

    /// Runs all while signals may end it.
    private func runWatched() async -> Int32 {
        guard ProcessTree.isVisible else {
            logger.error("cannot run hooks: /proc is not mounted")
            return ExitStatus.failure
        }
        ProcessTree.adoptOrphans()
        let live =
            Terminal(.error, environment: call.environment).isInteractive
            ? LiveLine(environment: call.environment) : nil
        let stops = live == nil ? [] : [SIGTSTP, SIGQUIT]
        let signals = SignalStream.of([SIGTERM, SIGINT, SIGHUP, SIGCHLD] + stops)
        let processes = HookProcesses()
        return await withTaskGroup(of: Event.self) { group in
            group.addTask { .ended(await runLocked(processes, live)) }
            group.addTask {
                for await signal in signals { act(on: signal, processes, live) }
                return .other
            }
            if let live {
                group.addTask {
                    await live.run()
                    return .other
                }
            }
            while let event = await group.next() {
                guard case .ended(let status) = event else { continue }
                group.cancelAll()
                return status
            }
            return ExitStatus.failure
        }
    }

    private func act(on signal: Int32, _ processes: HookProcesses, _ live: LiveLine?) {
        switch signal {
        case SIGCHLD: AwaitedChild.reapOrphans()
        case SIGTSTP:
            live?.hide()
            SignalStream.stop()
        case SIGQUIT:
            live?.hide()
            SignalStream.die(of: signal)
        default:
            processes.stop(for: .signal(signal))
            logger.error("received signal \(signal), ending the hooks")
        }
    }

    private func runLocked(_ processes: HookProcesses, _ live: LiveLine?) async -> Int32 {
        let lock: FileLock?
        do {
            lock = try await takeLock(processes)
        } catch {
            logger.error("\(error)")
            return ExitStatus.failure
        }
        guard let lock else {
            if case .signal(let signal) = processes.stop { return 128 + signal }
            let holder = FileLock.holder(of: FilePath(options.lockfile)).map { " (\($0))" } ?? ""
            logger.error(
                "Could not lock \(options.lockfile). \(Errno.resourceTemporarilyUnavailable): another run holds it\(holder)"
            )
            return ExitStatus.locked
        }
        lock.describe(
            holder: "Locked by pid \(getpid()) since \(LocalTime.now.text("%Y-%m-%d %H:%M:%S %z"))\n")
        let status: Int32
        do {
            status = await run(try options.selection.selection(in: base), processes, live)
        } catch let error as RunSelection.SelectionError {
            status = refuse(error)
        } catch {
            logger.error("\(error)")
            status = ExitStatus.failure
        }
        return withExtendedLifetime(lock) { status }
    }

    /// Nil when somebody else has it, for longer than we are to wait.
    private func takeLock(_ processes: HookProcesses) async throws -> FileLock? {
        let path = FilePath(options.lockfile)
        if let lock = try await FileLock.take(path) { return lock }
        guard let patience = options.wait.limit else { return nil }
        let holder = FileLock.holder(of: path).map { " (\($0))" } ?? ""
        logger.info("Waiting for another run to end\(holder)")
        return try await FileLock.take(path, patience: patience) { processes.stop != nil }
    }

    private func run(_ selection: RunSelection, _ processes: HookProcesses, _ live: LiveLine?) async -> Int32
    {
        let isRelayed = options.prefix || options.capture || options.parallel > 1
        let relay: OutputRelay?
        do {
            relay = isRelayed ? try OutputRelay(isStopping: { processes.stop != nil }) : nil
        } catch {
            logger.error("\(error)")
            return ExitStatus.failure
        }
        let writer = RecordWriter(
            options.state.records(call.environment), keeping: options.keepRecords, logger: logger)
        writer.begin(base: base.path, words: call.words)
        let observers: [any RunObserver] = [writer, RunLog(logger: logger)] + (live.map { [$0] } ?? [])
        let reporter = RunReporter(observers)
        let changes = makeChangesFile()
        let runner = HookRunner(
            settings: HookRunner.Settings(
                limit: options.hookTimeout.limit, parallel: parallel, marksLines: options.prefix,
                capturesErrors: options.capture),
            processes: processes, reporter: reporter, relay: relay,
            variables: changes.map { [(SharedVariable.changedGroups, $0.path.string)] } ?? [])
        let limit = options.timeout > 0 ? options.timeout : nil
        let errorLimit = options.errorTimeout.map(\.limit) ?? limit.map { .seconds($0) }
        let run = RefreshRun(
            base: base, selection: selection, limits: .init(run: limit, errors: errorLimit), runner: runner,
            logger: logger)
        let ending = await run.run()
        await relay?.close()
        writer.end(after: reporter.elapsed, status: ending.status, result: ending.result)
        changes?.finish(isWhole: ending.isWhole)
        return ending.status
    }

    /// As many as were asked for, as far as there are descriptors: a hook takes about ten.
    private var parallel: Int {
        let most = max((FileLimit.current - 64) / 12, 1)
        if options.parallel > most {
            logger.debug("running \(most) hooks together at the most: there are no more descriptors")
        }
        return min(options.parallel, most)
    }

    /// The file is handed to all hooks.
    ///
    /// - Returns: nil when it cannot be made, which is no reason not to run.
    private func makeChangesFile() -> ChangedGroupsFile? {
        do {
            return try ChangedGroupsFile(state: options.state.directory(call.environment))
        } catch {
            logger.warning("\(error): hooks cannot tell each other what changed, ignoring")
            unsetenv(SharedVariable.changedGroups)
            return nil
        }
    }
}
