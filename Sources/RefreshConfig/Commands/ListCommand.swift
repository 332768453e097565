// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser

/// `os-refresh-config list`: what would run, in order, and what would not, and why.
struct ListCommand: SubcommandRunning {
    static let name = "list"
    static let summary =
        "Lists the hooks in the order in which they run, and the files that do not, with the reasons."
    static let failureStatus = ExitStatus.failure
    static let rules: [OriginalArguments.Option] =
        SelectionOptions.rules + [
            .init("--format", arity: .one, isOriginal: false)
        ]

    @OptionGroup var selection: SelectionOptions

    @Option(help: ArgumentHelp("What is printed: text or json.", valueName: "text|json"))
    var format = OutputFormat.text

    func run(_ call: Invocation) throws -> Int32 {
        let base = HookBase(environment: call.environment)
        let selection: RunSelection
        do {
            selection = try self.selection.selection(in: base)
        } catch let error as RunSelection.SelectionError {
            throw UsageError(error.description)
        }
        let list = try HookList(base, selection)
        StandardStream.output.write(format == .json ? list.json : Array(list.text.utf8))
        return ExitStatus.success
    }
}
