// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem
import Logging
import SystemPackage

/// `os-apply-config test`: runs the cases that elements bring.
struct TestCommand: SubcommandRunning {
    static let subcommand = Subcommand.test
    static let summary =
        "Runs the cases in the tests/ directories of elements, without touching the machine. Exit status 0: all pass, 1: not all."
    static let operands: String? = "[DIRECTORY ...]"
    static let rules =
        TemplateOptions.rules + ViewOptions.rules + [
            .init("--update", arity: .none, isOriginal: false),
            .init("--junit", arity: .one, isOriginal: false),
        ]

    @OptionGroup var common: TemplateOptions
    @OptionGroup var view: ViewOptions

    @Flag(help: "Write what came out as what is expected.")
    var update = false

    @Option(
        help: ArgumentHelp("Write the results as JUnit XML to this file.", valueName: "path"),
        completion: .file())
    var junit: String?

    var logFormat: LogFormat { common.logFormat }

    func run(_ operands: [String], _ context: SubcommandContext) async throws -> Int32 {
        let templates = common.templates.map { FilePath($0) }
        let cases = try (operands.isEmpty ? ["."] : operands).flatMap {
            try ElementCase.find(in: FilePath($0), templates: templates)
        }
        let patterns = common.secret + (try SettingsFile(common.configFile).secrets)
        // Warnings are not what is asked for here.
        var logger = context.logger
        logger.logLevel = .error
        let runner = CaseRunner(
            options: common, secretPatterns: patterns, showsSecrets: view.showSecrets, logger: logger)
        let terminal = view.terminal(context.call)
        if update {
            for each in cases {
                try await runner.update(each)
                StandardStream.output.write("updated \(Printable.name("\(each.element)/\(each.name)"))\n")
            }
            return ExitStatus.success
        }
        var results: [CaseResult] = []
        for each in cases {
            let result = await runner.run(each)
            results.append(result)
            show(result, terminal)
        }
        let failed = results.count { $0.failure != nil }
        StandardStream.output.write(
            "\(results.count) case\(results.count == 1 ? "" : "s"), \(failed) failed\n")
        if let junit { try write(results, to: FilePath(junit)) }
        return failed == 0 ? ExitStatus.success : ExitStatus.failure
    }

    private func show(_ result: CaseResult, _ terminal: Terminal) {
        let name = Printable.name("\(result.element)/\(result.name)")
        guard let failure = result.failure else {
            return StandardStream.output.write("\(terminal.styled("ok", .green))   \(name)\n")
        }
        StandardStream.output.write("\(terminal.styled("FAIL", .bold, .red)) \(name)\n")
        StandardStream.output.write(Self.text(failure, DifferenceReport(terminal: terminal)))
    }

    private static func text(_ failure: CaseResult.Failure, _ report: DifferenceReport) -> String {
        failure.messages.map { "    \(Printable.text($0))\n" }.joined() + report.text(failure.differences)
    }

    private func write(_ results: [CaseResult], to path: FilePath) throws {
        let plain = DifferenceReport(terminal: Terminal(.output, environment: [:], color: .never))
        let report = JUnitReport(results: results) { Self.text($0, plain) }
        guard let name = path.lastComponent else { throw UsageError("--junit wants a file") }
        let parent = path.removingLastComponent()
        let directory = try RootedDirectory(parent.isEmpty ? "." : parent)
        let staged = StagedWrite(in: directory, isDurable: false)
        try staged.stage(FilePath(root: nil, [name]), Array(report.text.utf8))
        try staged.commit()
    }
}
