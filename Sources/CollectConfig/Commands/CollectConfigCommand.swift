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
            let files = ConfigurationSnapshot(arguments, environment)
            let settings = try Settings(arguments, environment: environment)
            if let shell = try settings.string(nil, "shell_completion") {
                return OptionCompletions(name: name, subcommands: Subcommand.list).write(shell)
            }
            if try settings.flag("print_cachedir") {
                StandardStream.output.write("\(try settings.string(nil, "cachedir") ?? "")\n")
                return ExitStatus.success
            }
            let transport = CurlTransport()
            let repeats = RepeatFilter()
            let plan = try CollectPlan(
                settings, from: files, environment: environment, transport: transport,
                logger: CollectorLog.logger(settings), repeats: repeats)
            return await CollectDaemon(
                arguments: arguments, environment: environment, transport: transport, repeats: repeats,
                clock: clock
            ).run(plan)
        } catch {
            StandardStream.error.write("\(name): \(Printable.message("\(error)"))\n")
            return ExitStatus.failure
        }
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
