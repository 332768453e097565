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
    }

    let base: HookBase
    let selection: RunSelection
    let limits: Limits
    let runner: HookRunner
    let logger: Logger

    private var processes: HookProcesses { runner.processes }

    /// Runs all while a time may be over.
    func run() async -> Ending {
        await withTaskGroup(of: Ending?.self) { group in
            group.addTask { await runPhases() }
            if let limit = limits.run {
                group.addTask {
                    guard (try? await Task.sleep(for: .seconds(min(limit, 1_000_000_000)))) != nil
                    else { return nil }
                    processes.stop(for: .timeout)
                    logger.error("Timeout reached: \(limit)s. Ending the running hook and its children")
                    return nil
                }
            }
            var ending: Ending?
            while ending == nil, let next = await group.next() { ending = next }
            group.cancelAll()
            return ending ?? Ending(status: ExitStatus.failure, result: "failed")
        }
    }

    private func runPhases() async -> Ending {
        for phase in selection.phases {
            switch await run(phase) {
            case .completed: continue
            case .stopped(.signal(let signal)): return stopped(by: signal)
            case .stopped(.timeout):
                logger.error("during \(phase.rawValue) phase. [timed out]\n")
                return await handleErrors(failureVariables(phase.rawValue, nil, .overTime(nil)), "timeout")
            case .failed(let run):
                if case .stopped(let signal) = run.ending { return stopped(by: signal) }
                logger.error(
                    "during \(phase.rawValue) phase. [\(run.hook.path): \(run.ending.description)]\n")
                let result = run.ending == .overTime(nil) ? "timeout" : "failed"
                return await handleErrors(failureVariables(phase.rawValue, run.hook, run.ending), result)
            }
        }
        return Ending(status: ExitStatus.success, result: "success")
    }

    private func stopped(by signal: Int32) -> Ending { Ending(status: 128 + signal, result: "stopped") }

    private func run(_ phase: Phase) async -> PhaseRunner.Outcome {
        let path = base.directoryPath(of: phase.rawValue)
        logger.debug("Checking \(path)")
        do {
            guard let directory = try base.directory(of: phase.rawValue) else {
                logger.debug("No dir for phase \(phase.rawValue)")
                return .completed
            }
            let first = phase == selection.phases.first ? selection.firstHook : nil
            return await PhaseRunner(runner: runner).run(directory, phase: phase.rawValue, from: first)
        } catch let error as ExtendedExpression.PatternError {
            logger.error("\(HookBase.patternVariable): \(error), running no hook")
            return .completed
        } catch {
            let hook = Hook(phase: phase.rawValue, name: "", path: path)
            return .failed(
                HookRun(
                    hook: hook, offset: .zero, duration: .zero,
                    ending: .notStarted(status: ExitStatus.failure, reason: "\(error)")))
        }
    }

    // MARK: When a phase has failed

    /// Runs the hooks of `error.d`, whose statuses do not count.
    private func handleErrors(_ variables: [(name: String, value: String)], _ result: String) async -> Ending
    {
        processes.resume()
        if case .signal(let signal) = processes.stop { return stopped(by: signal) }
        logger.info("Calling error handlers.")
        if let directory = try? base.directory(of: Phase.errors) {
            var runner = runner
            runner.variables += variables
            let stop = await run(directory, runner)
            if case .signal(let signal) = stop { return stopped(by: signal) }
        }
        logger.error("Aborting...")
        return Ending(status: ExitStatus.failure, result: result)
    }

    private func run(_ directory: HookDirectory, _ runner: HookRunner) async -> HookProcesses.Stop? {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                _ = await PhaseRunner(runner: runner).run(directory, phase: Phase.errors)
                return true
            }
            if let limit = limits.errors {
                group.addTask {
                    guard (try? await Task.sleep(for: limit)) != nil else { return false }
                    processes.stop(for: .timeout)
                    logger.error(
                        "The time limit of error.d is over. Ending the running hook and its children")
                    return false
                }
            }
            while let isDone = await group.next(), !isDone {}
            group.cancelAll()
            return processes.stop
        }
    }

    /// What the hooks of `error.d` are told.
    private func failureVariables(_ phase: String, _ hook: Hook?, _ ending: HookEnding) -> [(
        name: String, value: String
    )] {
        var variables = [
            (name: "OS_REFRESH_CONFIG_FAILED_PHASE", value: phase),
            (name: "OS_REFRESH_CONFIG_FAILED_HOOK", value: hook?.path ?? ""),
            (name: "OS_REFRESH_CONFIG_RESULT", value: ending.word),
            (name: "OS_REFRESH_CONFIG_EXIT_STATUS", value: String(ending.status)),
        ]
        if case .killed(let signal) = ending {
            variables.append((name: "OS_REFRESH_CONFIG_SIGNAL", value: String(signal)))
        }
        return variables
    }
}
