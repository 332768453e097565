// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import HTTPTransport
import HostSystem
import Logging
import SystemPackage

/// os-collect-config: collects metadata from its sources, caches it and runs a command when it has changed.
package struct CollectConfigCommand {
    private let name: String
    private let words: [String]
    private let environment: [String: String]

    /// Runs the program and gives its exit status.
    package static func run(name: String, words: [String], environment: [String: String]) async -> Int32 {
        SignalStream.surviveFailedWrites()
        return await CollectConfigCommand(name: name, words: words, environment: environment).run()
    }

    private func run() async -> Int32 {
        let arguments: OriginalArguments
        do {
            arguments = try OriginalArguments(words, options: OptionTable.rules, takesPositionals: true)
        } catch {
            return CommandUsage.refuse(name, CollectConfigHelp.usage(name), error)
        }
        if let immediate = arguments.immediate {
            StandardStream.output.write(
                immediate == "--version" ? programVersion + "\n" : CollectConfigHelp.text(name))
            return ExitStatus.success
        }
        do {
            let settings = try Settings(arguments, environment: environment)
            if try settings.flag("print_cachedir") {
                StandardStream.output.write(try settings.string(nil, "cachedir") ?? "")
                StandardStream.output.write("\n")
                return ExitStatus.success
            }
            let logger = try Self.logger(settings)
            let transport = CurlTransport()
            let plan = try CollectPlan(
                settings, arguments: arguments, environment: environment, transport: transport, logger: logger
            )
            return await CollectDaemon(
                arguments: arguments, environment: environment, transport: transport, logger: logger
            ).run(plan)
        } catch {
            StandardStream.error.write("\(name): \(error)\n")
            return ExitStatus.failure
        }
    }

    private static func logger(_ settings: Settings) throws -> Logger {
        let level: Logger.Level = try settings.flag("debug") ? .debug : .warning
        let path = try settings.string(nil, "log_file")
        let file = path.flatMap { LogFile($0) }
        let logger = AgentLogHandler.logger(layout: .bare, level: level, file: file)
        if let path, file == nil { logger.warning("cannot open the log file \(path), ignoring") }
        return logger
    }
}

/// Runs the loop, hears signals, and reads the settings anew when that is called for.
private struct CollectDaemon {
    private enum Outcome: Sendable {
        case finished(Int32)
        case signal(Int32)
        case failed(String)
    }

    let arguments: OriginalArguments
    let environment: [String: String]
    let transport: any HTTPTransport
    let logger: Logger

    func run(_ first: CollectPlan) async -> Int32 {
        let events = EventQueue()
        let command = ChangeCommand()
        let signals = SignalStream.of([SIGTERM, SIGINT, SIGHUP])
        let outcome = await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await follow(first, command, events) }
            group.addTask {
                for await signal in signals {
                    if signal == SIGHUP {
                        events.add(.reload)
                        continue
                    }
                    await command.stop()
                    return .signal(signal)
                }
                return nil
            }
            var outcome: Outcome?
            while outcome == nil, let next = await group.next() { outcome = next }
            group.cancelAll()
            return outcome
        }
        switch outcome {
        case .finished(let status): return status
        case .signal(let signal): SignalStream.die(of: signal)
        case .failed(let reason): logger.error("\(reason)")
        case nil: break
        }
        return ExitStatus.failure
    }

    /// Runs the loop, again with a new plan each time the settings have changed. Nil when it was cancelled.
    private func follow(_ first: CollectPlan, _ command: ChangeCommand, _ events: EventQueue) async
        -> Outcome?
    {
        var plan = first
        var isFirst = true
        while true {
            let loop = CollectLoop(
                plan: plan, splays: isFirst, command: command, environment: environment, logger: logger,
                events: events)
            isFirst = false
            do {
                guard case .finished(let status) = try await loop.run() else {
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
        logger.info("Reading the configuration again")
        do {
            let settings = try Settings(arguments, environment: environment)
            return try CollectPlan(
                settings, arguments: arguments, environment: environment, transport: transport, logger: logger
            )
        } catch {
            logger.error("the configuration cannot be used, keeping the old one: \(error)")
            return old.acceptingFiles()
        }
    }
}
