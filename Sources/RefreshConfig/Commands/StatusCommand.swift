// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import MetadataTree
import SystemPackage

/// `os-refresh-config status`: how the last run ended.
struct StatusCommand: SubcommandRunning {
    /// The exit statuses that are not 0: those of `systemctl status` and the like, where they have one.
    private enum Answer {
        static let failed: Int32 = 1
        static let running: Int32 = 3
        static let unknown: Int32 = 4
    }

    static let name = "status"
    static let summary =
        "Tells how the last run ended: exit status 0 well, 1 not, 3 it still runs, 4 there is no record."
    static let failureStatus = Answer.unknown
    static let rules: [OriginalArguments.Option] =
        StateOptions.rules + [.init("--format", arity: .one, isOriginal: false)]

    @OptionGroup var state: StateOptions

    @Option(help: ArgumentHelp("What is printed: text or json.", valueName: "text|json"))
    var format = OutputFormat.text

    func run(_ call: Invocation) throws -> Int32 {
        let records = state.records(call.environment)
        guard let last = try records.numbers().last else {
            StandardStream.error.write(
                "\(call.name): no run has left a record in \(Printable.name(records.path.string))\n")
            return Answer.unknown
        }
        let record = try records.record(last)
        StandardStream.output.write(
            format == .json
                ? JSONShape.text(RecordJSON.run(record)) : Array(StatusReport(record).text.utf8))
        switch record.state {
        case "success": return ExitStatus.success
        case "running": return Answer.running
        default: return Answer.failed
        }
    }
}
