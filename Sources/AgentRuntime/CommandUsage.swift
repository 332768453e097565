// SPDX-License-Identifier: Apache-2.0

package import ArgumentParser

/// What the programs say about their command lines.
package enum CommandUsage {
    private struct Command<Options: ParsableArguments>: ParsableCommand {
        static var configuration: CommandConfiguration { CommandConfiguration(commandName: "NAME") }
        @OptionGroup var options: Options
    }

    /// `usage: NAME [options]`, as the originals start it.
    package static func usage<Options: ParsableArguments>(of options: Options.Type, _ name: String) -> String
    {
        "usage: " + named(Command<Options>.usageString(), name) + "\n"
    }

    /// The help text, with `overview` above it, and below it what the subcommands do.
    package static func help<Options: ParsableArguments>(
        of options: Options.Type, _ name: String, _ overview: String,
        subcommands: [(name: String, summary: String)] = []
    ) -> String {
        let list = subcommands.map { "  \(name) \($0.name) ...\n      \($0.summary)\n" }.joined()
        return overview + "\n\n" + named(Command<Options>.helpMessage(), name) + "\n"
            + (list.isEmpty ? "" : "\nSUBCOMMANDS (the first word; each has --help):\n" + list)
    }

    /// Writes what a command line asks for that is no work: help, the version, a shell's completions.
    ///
    /// - Parameter root: the program as completions show it.
    /// - Returns: the exit status; nil when it asks for none of them.
    package static func answer<Root: ParsableCommand>(
        _ arguments: OriginalArguments, _ name: String, completing root: Root.Type, help: () -> String
    ) -> Int32? {
        if let immediate = arguments.immediate {
            StandardStream.output.write(immediate == "--version" ? programVersion + "\n" : help())
            return ExitStatus.success
        }
        return arguments.last(CompletionScript.option)?.first.map {
            CompletionScript.write(root, $0, name)
        }
    }

    private static func named(_ text: String, _ name: String) -> String {
        guard let range = text.firstRange(of: "NAME") else { return text }
        return text.replacing("NAME", with: name, subrange: range)
    }

    /// Says what is wrong with the command line on standard error, in ArgumentParser's words where it found it.
    ///
    /// - Returns: the exit status.
    package static func refuse<Options: ParsableArguments>(
        _ name: String, _ options: Options.Type, operands: String? = nil, _ error: any Error,
        status: Int32 = ExitStatus.usage
    ) -> Int32 {
        let shownName = operands.map { "\(name) \($0)" } ?? name
        let reason: any Error = error is UsageError ? error : UsageError(Options.message(for: error))
        return refuse(name, usage(of: options, shownName), reason, status: status)
    }

    /// Says what is wrong with the command line on standard error.
    ///
    /// - Returns: the exit status.
    package static func refuse(
        _ name: String, _ usage: String, _ error: any Error, status: Int32 = ExitStatus.usage
    ) -> Int32 {
        StandardStream.error.write("\(usage)\(name): error: \(Printable.message("\(error)"))\n")
        return status
    }
}

extension String {
    fileprivate func replacing(_ old: String, with new: String, subrange: Range<Index>) -> String {
        String(self[..<subrange.lowerBound]) + new + String(self[subrange.upperBound...])
    }
}
