// SPDX-License-Identifier: Apache-2.0

package import AgentRuntime
import HTTPTransport
import HostSystem
import Logging

/// os-collect-config: collects metadata from its sources, caches it and runs a command when it has changed; and tells how that is
/// going.
package struct CollectConfigCommand {
    private let name: String
    private let arguments: OriginalArguments
    private let environment: [String: String]
    private let clock: any Clock<Duration>

    /// Runs the program.
    ///
    /// - Parameter clock: by which it pauses between two rounds.
    /// - Returns: the exit status.
    package static func run(_ call: Invocation, clock: any Clock<Duration> = ContinuousClock()) async -> Int32
    {
        SignalStream.surviveFailedWrites()
        if let first = call.words.first, let subcommand = Subcommand(rawValue: first) {
            return await subcommand.run(call)
        }
        let arguments: OriginalArguments
        do {
            arguments = try OriginalArguments(call.words, options: OptionTable.rules, takesPositionals: true)
        } catch {
            return CommandUsage.refuse(call.name, OptionHelp.usage(call.name), error)
        }
        if let immediate = arguments.immediate {
            StandardStream.output.write(
                immediate == "--version"
                    ? programVersion + "\n" : OptionHelp.text(call.name, subcommands: Subcommand.list))
            return ExitStatus.success
        }
        if let shell = arguments.last(CompletionScript.option)?.first {
            return OptionCompletions(name: call.name, subcommands: Subcommand.list).write(shell)
        }
        return await CollectConfigCommand(
            name: call.name, arguments: arguments, environment: call.environment, clock: clock
        ).run()
    }

    private func run() async -> Int32 {
        do {
            let settings = try Settings(arguments, environment: environment)
            if let shell = try settings.string(nil, "shell_completion") {
                return OptionCompletions(name: name, subcommands: Subcommand.list).write(shell)
            }
            if try settings.flag("print_cachedir") {
                StandardStream.output.write("\(try settings.string(nil, "cachedir") ?? "")\n")
                return ExitStatus.success
            }
            let logger = try Self.logger(settings)
            let transport = CurlTransport()
            let repeats = RepeatFilter()
            let plan = try CollectPlan(
                settings, arguments: arguments, environment: environment, transport: transport,
                logger: repeats.filtering(logger))
            return await CollectDaemon(
                arguments: arguments, environment: environment, transport: transport, logger: logger,
                repeats: repeats, clock: clock
            ).run(plan)
        } catch {
            StandardStream.error.write("\(name): \(Printable.message("\(error)"))\n")
            return ExitStatus.failure
        }
    }

    private static func logger(_ settings: Settings) throws -> Logger {
        let level: Logger.Level = try settings.flag("debug") ? .debug : .warning
        let path = try logPath(settings)
        let file = path.flatMap { LogFile($0) }
        let layout: AgentLogHandler.Layout =
            try settings.flag("use_json") ? .json(program: "os-collect-config") : .bare
        let logger = AgentLogHandler.logger(layout: layout, level: level, file: file, patience: patience)
        if let path, file == nil { logger.warning("cannot open the log file \(path), ignoring") }
        return logger
    }

    /// How long a line may wait for whoever reads standard error: the loop must not wait for a reader that is stuck.
    private static let patience = Duration.seconds(2)

    /// The log file, in the directory for logs unless it says where it is.
    private static func logPath(_ settings: Settings) throws -> String? {
        let file = try settings.string(nil, "log_file")
        guard let directory = try settings.string(nil, "log_dir"), !directory.isEmpty else { return file }
        let name = file ?? "os-collect-config.log"
        return name.hasPrefix("/") ? name : "\(directory)/\(name)"
    }
}

extension OptionCompletions {
    /// Writes the script for a shell to standard output.
    ///
    /// - Returns: the exit status.
    fileprivate func write(_ shell: String) -> Int32 {
        guard let script = script(for: shell) else {
            StandardStream.error.write(
                "\(name): error: no completions for '\(shell)' (known: bash, zsh, fish)\n")
            return ExitStatus.usage
        }
        StandardStream.output.write(script)
        return ExitStatus.success
    }
}
