// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import HTTPTransport
import HostSystem
import Logging

/// Runs the loop, hears signals, and reads the settings anew when that is called for.
struct CollectDaemon {
    private enum Outcome: Sendable {
        case finished(Int32)
        case signal(Int32)
        case failed(String)
    }

    /// How long the loop may take to end when the command has.
    private static let patience = 5

    let arguments: OriginalArguments
    let environment: [String: String]
    let transport: any HTTPTransport
    let repeats: RepeatFilter
    let clock: any Clock<Duration>

    func run(_ first: CollectPlan) async -> Int32 {
        let notifier = ServiceNotifier(environment: environment)
        let around = CollectLoop.Surroundings(
            command: ChangeCommand(), wakefulness: Wakefulness(clock: clock, notifier: notifier),
            board: StatusBoard(first.statusPlaces, notifier: notifier, logger: first.logger),
            notifier: notifier, environment: environment, repeats: repeats)
        // What has lost its parent stays in our tree, and is ended with the command that started it.
        ProcessTree.adoptOrphans()
        let signals = SignalStream.of([SIGTERM, SIGINT, SIGHUP, SIGCHLD], endings: [SIGTERM, SIGINT])
        let outcome = await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await follow(first, around) }
            group.addTask { await hear(signals, around) }
            var outcome: Outcome?
            while outcome == nil, let next = await group.next() { outcome = next }
            group.cancelAll()
            return outcome
        }
        switch outcome {
        case .finished(let status): return status
        case .signal(let signal): SignalStream.die(of: signal)
        case .failed(let reason): first.logger.error("\(reason)")
        case nil: break
        }
        return ExitStatus.failure
    }

    private func hear(_ signals: AsyncStream<Int32>, _ around: CollectLoop.Surroundings) async -> Outcome? {
        for await signal in signals {
            switch signal {
            case SIGCHLD: AwaitedChild.reapOrphans()
            case SIGHUP: around.wakefulness.wake(for: .reload)
            default:
                around.notifier.notify("STOPPING=1")
                await around.command.stop()
                // Work that does not hear of its end must not keep us: the cache is whole at every moment.
                SignalStream.die(of: signal, after: Self.patience)
                return .signal(signal)
            }
        }
        return nil
    }

    /// Runs the loop, again with a new plan each time the settings have changed. Nil when it was cancelled.
    private func follow(_ first: CollectPlan, _ around: CollectLoop.Surroundings) async -> Outcome? {
        var plan = first
        var isFirst = true
        while true {
            var loop = CollectLoop(plan: plan, around: around, isFirst: isFirst)
            do {
                guard case .finished(let status) = try await loop.run() else {
                    isFirst = loop.isFirst
                    plan = reloaded(plan)
                    continue
                }
                return .finished(status)
            } catch is CancellationError {
                return nil
            } catch {
                return .failed("\(error)")
            }
        }
    }

    /// The plan of the settings as they are now; the old one when they cannot be used.
    private func reloaded(_ old: CollectPlan) -> CollectPlan {
        old.logger.info("Reading the configuration again")
        let files = ConfigurationSnapshot(arguments, environment)
        do {
            let settings = try Settings(arguments, environment: environment)
            let plan = try CollectPlan(
                settings, from: files, environment: environment, transport: transport,
                logger: CollectorLog.logger(settings), repeats: repeats)
            guard plan.command != nil else { throw SettingsError("it has no command any more") }
            guard !plan.isPrintOnly, !plan.isOneTime else {
                throw SettingsError("it asks for one round only, which would end the daemon")
            }
            return plan
        } catch {
            old.logger.error("the configuration cannot be used, keeping the old one: \(error)")
            return old.accepting(files)
        }
    }
}
