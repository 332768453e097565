// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser

/// The completions of shells, made from the options themselves.
enum CompletionScript {
    /// Writes the script for `shell` to standard output.
    ///
    /// - Returns: the exit status.
    static func write(_ shell: String, _ name: String) -> Int32 {
        guard let shell = CompletionShell(rawValue: shell) else {
            let known = CompletionShell.allCases.map(\.rawValue).joined(separator: ", ")
            StandardStream.error.write("\(name): error: no completions for '\(shell)' (known: \(known))\n")
            return ExitStatus.usage
        }
        StandardStream.output.write(Root.completionScript(for: shell) + "\n")
        return ExitStatus.success
    }

    private struct Root: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: "os-apply-config",
                abstract: "Map a tree of templates onto the root file system.",
                subcommands: [
                    Named<DiffCommand>.self, Named<ExplainCommand>.self, Named<LintCommand>.self,
                    Named<WatchCommand>.self, Named<TestCommand>.self, Named<ChangedCommand>.self,
                ])
        }

        @OptionGroup var options: ApplyConfigOptions
    }

    private struct Named<Options: SubcommandRunning>: ParsableCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(commandName: Options.subcommand.rawValue, abstract: Options.summary)
        }

        @OptionGroup var options: Options
        @Argument(help: .hidden, completion: .file()) var operands: [String] = []
    }
}
