// SPDX-License-Identifier: Apache-2.0

package import ArgumentParser

/// The completions of shells, made from the options themselves.
package enum CompletionScript {
    /// The option that asks for one; ArgumentParser would take it for its own.
    package static let option = "--generate-completion-script"

    /// Writes the script of `root` for `shell` to standard output.
    ///
    /// - Returns: the exit status.
    package static func write<Root: ParsableCommand>(_ root: Root.Type, _ shell: String, _ name: String)
        -> Int32
    {
        guard let shell = CompletionShell(rawValue: shell) else {
            let known = CompletionShell.allCases.map(\.rawValue).joined(separator: ", ")
            StandardStream.error.write("\(name): error: no completions for '\(shell)' (known: \(known))\n")
            return ExitStatus.usage
        }
        StandardStream.output.write(Root.completionScript(for: shell) + "\n")
        return ExitStatus.success
    }
}

/// A subcommand as completions show it.
package struct CompletedSubcommand<Options: SubcommandOptions>: ParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: Options.name, abstract: Options.summary)
    }

    @OptionGroup var options: Options
    @Argument(help: .hidden, completion: .file()) var operands: [String] = []

    package init() {}
}
