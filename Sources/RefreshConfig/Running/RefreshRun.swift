// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import HostSystem
import Logging

/// One run: the phases in order, and what handles an error when one fails.
struct RefreshRun: Sendable {
    /// How long a run and its parts may take.
    struct Limits: Sendable {
        /// Whole seconds, as they were asked for.
        var run: Int?
        /// Of what handles an error.
        var errors: Duration?
    }

    /// How a run ended.
    struct Ending: Sendable {
        let status: Int32
        /// `success`, `failed`, `timeout` or `stopped`.
        let result: String
        /// Whether no phase was passed over, and there was one.
        var isWhole = false
    }

    let base: HookBase
    let selection: RunSelection
    let limits: Limits
    let runner: HookRunner
    let logger: Logger

    private var processes: HookProcesses { runner.processes }

    /// A phase that has failed.
    private struct Failure: Sendable {
        let variables: [(name: String, value: String)]
        let result: String
    }

    /// How the phases ended.
    private enum PhasesEnding: Sendable {
        case completed(isWhole: Bool)
        case failed(Failure)
        case stopped(Int32)
    }

    func run() async -> Ending {
        let ending = await within(limits.run.map { .seconds(min($0, 1_000_000_000)) }) {
            await runPhases()
        } whenOver: {
            logger.error("Timeout reached: \(limits.run ?? 0)s. Ending the running hook and its children")
        }
        switch ending {
        case .completed(let isWhole):
            return Ending(status: ExitStatus.success, result: "success", isWhole: isWhole)
        case .stopped(let signal): return stopped(by: signal)
        case .failed(let failure): return await handle(failure)
        }
    }

    /// Does `work`, and ends the hooks that run when it takes longer than `limit`.
    private func within<Result: Sendable>(
        _ limit: Duration?, _ work: @Sendable @escaping () async -> Result,
        whenOver tell: @Sendable @escaping () -> Void
    ) async -> Result {
        async let _: Void = {
            guard let limit, (try? await Task.sleep(for: limit)) != nil else { return }
            processes.stop(for: .timeout)
            tell()
        }()
        // The timer is cancelled when the work is done.
        return await work()
    }

    private func runPhases() async -> PhasesEnding {
        var (hasRun, isPassedOver) = (false, false)
        for phase in selection.phases {
            switch await run(phase) {
            case nil: continue
            case .completed: hasRun = true
            case .passedOver: isPassedOver = true
            case .stopped(.signal(let signal)): return .stopped(signal)
            case .stopped(.timeout):
                logger.error("during \(phase.rawValue) phase. [timed out]\n")
                return .failed(failure(of: phase, nil, .overTime(nil)))
            case .failed(let run):
                if case .stopped(let signal) = run.ending { return .stopped(signal) }
                logger.error(
                    "during \(phase.rawValue) phase. [\(run.hook.path): \(run.ending.description)]\n")
                return .failed(failure(of: phase, run.hook, run.ending))
            }
        }
        return .completed(isWhole: selection.isWhole && hasRun && !isPassedOver)
    }

    private func stopped(by signal: Int32) -> Ending { Ending(status: 128 + signal, result: "stopped") }

    /// Nil when the phase has no directory.
    private func run(_ phase: Phase) async -> PhaseRunner.Outcome? {
        let path = base.directoryPath(of: phase.rawValue)
        logger.debug("Checking \(path)")
        do {
            guard let directory = try base.directory(of: phase.rawValue) else {
                logger.debug("No dir for phase \(phase.rawValue)")
                return nil
            }
            let first = phase == selection.phases.first ? selection.firstHook : nil
            return await PhaseRunner(runner: runner).run(directory, phase: phase.rawValue, from: first)
        } catch let error as HookBase.PatternError {
            logger.error("\(error), running no hook")
            return .passedOver
        } catch {
            let hook = Hook(phase: phase.rawValue, name: "", path: path)
            let run = HookRun(
                hook: hook, offset: runner.reporter.elapsed, duration: .zero,
                ending: .notStarted(status: ExitStatus.failure, reason: "\(error)"))
            runner.reporter.tell(.hookEnded(run))
            return .failed(run)
        }
    }

    // MARK: When a phase has failed

    /// Runs the hooks of `error.d`, whose statuses do not count.
    private func handle(_ failure: Failure) async -> Ending {
        processes.resume()
        if case .signal(let signal) = processes.stop { return stopped(by: signal) }
        logger.info("Calling error handlers.")
        if let directory = errorDirectory() {
            var runner = runner
            runner.variables += failure.variables
            let phase = PhaseRunner(runner: runner)
            _ = await within(limits.errors) {
                await phase.run(directory, phase: Phase.errors)
            } whenOver: {
                logger.error("The time limit of error.d is over. Ending the running hook and its children")
            }
            if case .signal(let signal) = processes.stop { return stopped(by: signal) }
        }
        logger.error("Aborting...")
        return Ending(status: ExitStatus.failure, result: failure.result)
    }

    private func errorDirectory() -> HookDirectory? {
        do {
            return try base.directory(of: Phase.errors)
        } catch {
            logger.error("\(error), running no error handler")
            return nil
        }
    }

    /// What the hooks of `error.d` are told.
    private func failure(of phase: Phase, _ hook: Hook?, _ ending: HookEnding) -> Failure {
        var variables = [
            (name: "OS_REFRESH_CONFIG_FAILED_PHASE", value: phase.rawValue),
            (name: "OS_REFRESH_CONFIG_FAILED_HOOK", value: hook?.path ?? ""),
            (name: "OS_REFRESH_CONFIG_RESULT", value: ending.word),
            (name: "OS_REFRESH_CONFIG_EXIT_STATUS", value: String(ending.status)),
        ]
        if case .killed(let signal) = ending {
            variables.append((name: "OS_REFRESH_CONFIG_SIGNAL", value: String(signal)))
        }
        return Failure(variables: variables, result: ending == .overTime(nil) ? "timeout" : "failed")
    }
}
