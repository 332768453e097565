// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Glibc
import HostSystem
import Logging
import SystemPackage

/// os-refresh-config: runs the hooks of each phase in order, and those for errors when one fails.
package struct RefreshConfigCommand {
    private let options: RefreshConfigOptions
    private let base: DefaultDirectory
    private let pattern: String?
    private let logger: Logger

    /// Runs the program and gives its exit status.
    package static func run(name: String, words: [String], environment: [String: String]) async -> Int32 {
        SignalStream.surviveFailedWrites()
        let base = defaultBase(environment)
        let options: RefreshConfigOptions
        do {
            let arguments = try OriginalArguments(words, options: RefreshConfigOptions.originalRules)
            if let immediate = arguments.immediate {
                let help = CommandUsage.help(
                    of: RefreshConfigOptions.self, name,
                    "Runs the hooks of pre-configure.d, configure.d, post-configure.d and migration.d.")
                StandardStream.output.write(immediate == "--version" ? programVersion + "\n" : help)
                return ExitStatus.success
            }
            options = try RefreshConfigOptions.parse(RefreshConfigOptions.canonicalWords(arguments))
        } catch {
            return CommandUsage.refuse(name, RefreshConfigOptions.self, error)
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
            layout: .named("os-refresh-config"), level: options.logLevel.level)
        let command = RefreshConfigCommand(
            options: options, base: base, pattern: environment["RUN_PARTS_REGEX"], logger: logger)
        return await command.runLocked()
    }

    private static func defaultBase(_ environment: [String: String]) -> DefaultDirectory {
        let base = DefaultDirectory(
            environment: environment, variable: "OS_REFRESH_CONFIG_BASE_DIR",
            standard: "/usr/libexec/os-refresh-config", former: ["/opt/stack/os-config-refresh"])
        if let old = base.deprecated {
            StandardStream.error.write(
                "WARNING:root:Base directory \(old) is deprecated. The recommended base directory is "
                    + "/usr/libexec/os-refresh-config\n")
        }
        return base
    }

    private func runLocked() async -> Int32 {
        let lock: FileLock?
        do {
            lock = try FileLock.take(FilePath(options.lockfile))
        } catch {
            logger.error("\(error)")
            return ExitStatus.failure
        }
        guard let lock else {
            logger.error(
                "Could not lock \(options.lockfile). \(Errno.resourceTemporarilyUnavailable): another run holds it"
            )
            return ExitStatus.locked
        }
        lock.describe(
            holder: "Locked by pid \(getpid()) since \(LocalTime.now.text("%Y-%m-%d %H:%M:%S %z"))\n")
        let changes = announceChanges()
        let status = await runWatched()
        return withExtendedLifetime((lock, changes)) { status }
    }

    /// Makes a private file for this run and hands it to all hooks, so that one can tell another which files changed.
    ///
    /// - Returns: what holds the file; nil when it cannot be made, which is no reason not to run.
    private func announceChanges() -> PrivateDirectory? {
        do {
            let directory = try PrivateDirectory()
            setenv(SharedVariable.changedGroups, directory.path.appending("changed").string, 1)
            return directory
        } catch {
            logger.warning("\(error): hooks cannot tell each other what changed, ignoring")
            unsetenv(SharedVariable.changedGroups)
            return nil
        }
    }

    /// Runs all phases while a timer and the signals may end them.
    private func runWatched() async -> Int32 {
        let runner = HookRunner()
        ProcessTree.adoptOrphans()
        let signals = SignalStream.of([SIGTERM, SIGINT, SIGHUP])
        return await withTaskGroup(of: Int32?.self) { group in
            group.addTask { await self.runPhases(runner) }
            group.addTask {
                for await signal in signals {
                    logger.error("received signal \(signal), ending the hooks")
                    await runner.stop(for: .signal(signal))
                }
                return nil
            }
            if options.timeout > 0 {
                group.addTask {
                    guard (try? await Task.sleep(for: .seconds(min(options.timeout, 1_000_000_000)))) != nil
                    else { return nil }
                    logger.error(
                        "Timeout reached: \(options.timeout)s. Ending the running hook and its children")
                    await runner.stop(for: .timeout)
                    return nil
                }
            }
            while let result = await group.next() {
                guard let status = result else { continue }
                group.cancelAll()
                return status
            }
            return ExitStatus.failure
        }
    }

    private func runPhases(_ runner: HookRunner) async -> Int32 {
        for phase in Phase.allCases {
            guard let outcome = await runDirectory(phase.directory, phase.rawValue, runner) else { continue }
            switch outcome {
            case .completed: continue
            case .stopped(.signal(let signal)): return 128 + signal
            case .stopped(.timeout): logger.error("during \(phase.rawValue) phase. [timed out]\n")
            case .failed(let hook, _, let reason):
                logger.error("during \(phase.rawValue) phase. [\(hook): \(reason)]\n")
            }
            return await handleError(runner)
        }
        return ExitStatus.success
    }

    private func handleError(_ runner: HookRunner) async -> Int32 {
        runner.resume()
        if case .signal(let signal) = runner.reason { return 128 + signal }
        logger.info("Calling error handlers.")
        let path = directoryPath(Phase.errorDirectory)
        if FileContents.status(FilePath(path)) != nil, let hooks = try? HookDirectory(path, pattern: pattern)
        {
            if case .stopped(.signal(let signal)) = await runner.run(hooks) { return 128 + signal }
        }
        logger.error("Aborting...")
        return ExitStatus.failure
    }

    /// Nil when the phase has no directory.
    private func runDirectory(_ directory: String, _ phase: String, _ runner: HookRunner) async -> HookRunner
        .Outcome?
    {
        let path = directoryPath(directory)
        logger.debug("Checking \(path)")
        guard FileContents.status(FilePath(path)) != nil else {
            logger.debug("No dir for phase \(phase)")
            return nil
        }
        logger.info("Starting phase \(phase)")
        logger.debug("Running the hooks of \(path)")
        let hooks: HookDirectory
        do {
            hooks = try HookDirectory(path, pattern: pattern)
        } catch let error as ExtendedExpression.PatternError {
            logger.error("RUN_PARTS_REGEX: \(error), running no hook")
            logger.info("Completed phase \(phase)")
            return .completed
        } catch {
            return .failed(path, status: ExitStatus.failure, reason: "\(error)")
        }
        let outcome = await runner.run(hooks)
        if outcome == .completed { logger.info("Completed phase \(phase)") }
        return outcome
    }

    private func directoryPath(_ directory: String) -> String {
        base.path.isEmpty ? directory : "\(base.path)/\(directory)"
    }
}
