// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Logging
import MetadataQuery
import MetadataTree

/// `os-apply-config lint`: what is wrong with templates and control files, and with metadata for them.
struct LintCommand: SubcommandRunning {
    static let subcommand = Subcommand.lint
    static let summary =
        "Looks for mistakes in templates and control files, and in metadata where there is some. Exit status 0: none, 1: errors, 2: warnings only."
    static let operands: String? = nil
    static let rules =
        TemplateOptions.rules + [
            .init("--format", arity: .one, isOriginal: false),
            .init("--keys", arity: .none, isOriginal: false),
            .init("--color", arity: .one, isOriginal: false),
        ]

    @OptionGroup var common: TemplateOptions

    @Option(help: ArgumentHelp("For people, or JSON for machines.", valueName: "text|json"))
    var format = OutputFormat.text

    @Flag(help: "List the keys that the templates use, and where.")
    var keys = false

    @Option(help: ArgumentHelp("When to use colours: auto, always or never.", valueName: "when"))
    var color = Terminal.ColorChoice.auto

    var logFormat: LogFormat { common.logFormat }

    private static let warningsOnly: Int32 = 2

    func run(_ operands: [String], _ context: SubcommandContext) async throws -> Int32 {
        // What rendering warns of is among the findings.
        var quiet = context.logger
        quiet.logLevel = .error
        let silent = SubcommandContext(call: context.call, logger: quiet)
        let workspace = silent.workspace(common, environment: environment(context.call.environment))
        let templates = TemplateLint(workspace.tree, isStrict: common.strict, logger: quiet)
        var findings = templates.findings
        do {
            findings += try await self.findings(workspace, templates, silent)
        } catch {
            findings.append(Finding(.error, .metadata, "metadata", "\(error)"))
        }
        let report = LintReport(findings: findings, tags: templates.tags)
        show(report, Terminal(.output, environment: context.call.environment, color: color))
        if report.errors > 0 { return ExitStatus.failure }
        return report.warnings > 0 ? Self.warningsOnly : ExitStatus.success
    }

    /// What is found with metadata; nothing when there is none.
    private func findings(
        _ workspace: Workspace, _ templates: TemplateLint, _ context: SubcommandContext
    ) async throws -> [Finding] {
        guard isMetadataNamed(context.call.environment) else { return [] }
        let files = try MetadataFiles(
            common.files, environment: workspace.environment, logger: context.logger)
        var problems: [Finding] = []
        let documents = try files.documents { problems.append(Finding(.error, .metadata, "metadata", $0)) }
        guard problems.isEmpty, !documents.isEmpty else { return problems }
        var lint = MetadataLint(workspace: workspace, inputs: try workspace.load(), templates: templates)
        try await lint.run()
        return lint.findings
    }

    /// Whether somebody says which metadata to look at: the machine's own is not meant by itself.
    private func isMetadataNamed(_ environment: [String: String]) -> Bool {
        let hasFiles = !common.metadata.isEmpty || !common.fallbackMetadata.isEmpty
        return hasFiles || common.osConfigFiles != nil || environment["OS_CONFIG_FILES"] != nil
            || environment["OS_CONFIG_FILES_PATH"] != nil
    }

    /// Where only fallback files are named, the machine's own list is not meant either.
    private func environment(_ environment: [String: String]) -> [String: String] {
        let isListNamed = common.osConfigFiles != nil || environment["OS_CONFIG_FILES_PATH"] != nil
        guard !isListNamed, environment["OS_CONFIG_FILES"] == nil else { return environment }
        return environment.merging(["OS_CONFIG_FILES": ""]) { $1 }
    }

    private func show(_ report: LintReport, _ terminal: Terminal) {
        switch format {
        case .json: StandardStream.output.write(JSONShape.text(report.json))
        case .text:
            if keys { StandardStream.output.write(report.keys(terminal)) }
            StandardStream.output.write(report.text(terminal))
        }
    }
}
