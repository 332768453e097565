// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import MetadataTree
import SystemPackage

/// `os-refresh-config analyze`: where the time of a run went.
struct AnalyzeCommand: SubcommandRunning {
    static let name = "analyze"
    static let summary =
        "Tells where the time of a run went: its hooks, the slowest first, and its phases; or draws it."
    static let failureStatus = ExitStatus.failure
    static let rules: [OriginalArguments.Option] =
        StateOptions.rules + [
            .init("--run", arity: .one, isOriginal: false),
            .init("--plot", arity: .none, isOriginal: false),
            .init("--format", arity: .one, isOriginal: false),
        ]

    @OptionGroup var state: StateOptions

    @Option(help: ArgumentHelp("The number of the run. Default: the last one.", valueName: "number"))
    var run: Int?

    @Flag(help: "Print a drawing of the run in time (SVG) instead.")
    var plot = false

    @Option(help: ArgumentHelp("What is printed: text or json.", valueName: "text|json"))
    var format = OutputFormat.text

    func run(_ call: Invocation) throws -> Int32 {
        if plot, format == .json { throw UsageError("--plot draws SVG, and --format json does not") }
        let records = state.records(call.environment)
        let numbers = try records.numbers()
        guard let number = run ?? numbers.last else {
            StandardStream.error.write(
                "\(call.name): no run has left a record in \(Printable.name(records.path.string))\n")
            return ExitStatus.failure
        }
        guard numbers.contains(number) else {
            let kept = numbers.suffix(10).map(String.init).joined(separator: ", ")
            let list = kept.isEmpty ? "" : " (the last that are kept: \(kept))"
            StandardStream.error.write(
                "\(call.name): there is no record of run \(number) in \(Printable.name(records.path.string))\(list)\n"
            )
            return ExitStatus.failure
        }
        let record = try records.record(number)
        if plot {
            StandardStream.output.write(TimelineDrawing(record).svg)
        } else {
            StandardStream.output.write(
                format == .json ? JSONShape.text(RecordJSON.run(record)) : Array(TimeTable(record).text.utf8))
        }
        return ExitStatus.success
    }
}
