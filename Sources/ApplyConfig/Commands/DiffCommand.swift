// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import MetadataTree

/// `os-apply-config diff`: what applying would change.
struct DiffCommand: SubcommandRunning {
    static let subcommand = Subcommand.diff
    static let summary =
        "Shows what applying would change, and writes nothing. Exit status 0: nothing, 2: something, 1: an error."
    static let operands: String? = nil
    static let rules =
        TemplateOptions.rules + ViewOptions.rules + [
            .init("--format", arity: .one, isOriginal: false),
            .init("--stat", arity: .none, isOriginal: false),
        ]

    @OptionGroup var common: TemplateOptions
    @OptionGroup var view: ViewOptions

    @Option(help: ArgumentHelp("A unified difference, or JSON for machines.", valueName: "text|json"))
    var format = OutputFormat.text

    @Flag(help: "Show a line a file only.")
    var stat = false

    var logFormat: LogFormat { common.logFormat }

    private static let differs: Int32 = 2

    func run(_ operands: [String], _ context: SubcommandContext) async throws -> Int32 {
        let workspace = context.workspace(common)
        let inputs = try workspace.load()
        let rendered = try await workspace.render(inputs, recordsSourceMaps: true)
        let plans = try PlannedFile.plan(rendered, in: try workspace.output.open())
        let tree = TreeDifference(
            output: workspace.output, redactor: view.showSecrets ? nil : inputs.redactor.value,
            prefix: inputs.prefix)
        let differences = try tree.differences(plans)
        show(differences, view.terminal(context.call))
        return differences.isEmpty ? ExitStatus.success : Self.differs
    }

    private func show(_ differences: [FileDifference], _ terminal: Terminal) {
        let report = DifferenceReport(terminal: terminal)
        switch format {
        case .json: StandardStream.output.write(JSONShape.text(DifferenceReport.json(differences)))
        case .text where differences.isEmpty: break
        case .text where stat: StandardStream.output.write(report.summary(differences))
        case .text: StandardStream.output.write(report.text(differences))
        }
    }
}
