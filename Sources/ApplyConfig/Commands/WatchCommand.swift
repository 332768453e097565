// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem
import Logging
import MetadataQuery
import SystemPackage

/// `os-apply-config watch`: renders again whenever a template or the metadata changes.
struct WatchCommand: SubcommandRunning {
    static let subcommand = Subcommand.watch
    static let summary =
        "Renders again on every change of templates or metadata, shows what became different or what is wrong, and goes on until it is interrupted."
    static let operands: String? = nil
    static let rules = TemplateOptions.rules + ViewOptions.rules

    @OptionGroup var common: TemplateOptions
    @OptionGroup var view: ViewOptions

    var logFormat: LogFormat { common.logFormat }

    /// How long a burst of changes may last: editors write, rename and set modes.
    private static let burst = Duration.milliseconds(50)

    func run(_ operands: [String], _ context: SubcommandContext) async throws -> Int32 {
        let workspace = context.workspace(common)
        guard FileContents.isDirectory(workspace.tree.root) else {
            throw ConfigError("the template directory \(workspace.tree.root) does not exist")
        }
        let terminal = view.terminal(context.call)
        let report = DifferenceReport(terminal: terminal)
        var last: RenderingSnapshot?
        while true {
            // First the watching: what changes during the rendering is seen after it.
            let changes = try FileWatcher.changes(amongAll: watched(workspace, context))
            do {
                let (differences, snapshot) = try await round(workspace, last)
                show(differences, isFirst: last == nil, report, terminal)
                last = snapshot
            } catch {
                StandardStream.output.write(
                    terminal.styled("\(LocalTime.now.text("%H:%M:%S"))  an error", .bold) + "\n")
                ErrorReport(context.logger, common.logFormat).report(error)
            }
            var iterator = changes.makeAsyncIterator()
            _ = await iterator.next()
            try await Task.sleep(for: Self.burst)
        }
    }

    /// What is different from the last rendering, or, in the first round, from what is installed.
    private func round(_ workspace: Workspace, _ last: RenderingSnapshot?) async throws -> (
        [FileDifference], RenderingSnapshot
    ) {
        let inputs = try workspace.load()
        let rendered = try await workspace.render(inputs, recordsSourceMaps: true)
        let redactor = view.showSecrets ? nil : inputs.redactor.value
        let snapshot = RenderingSnapshot(
            rendered, redactor: redactor, prefix: inputs.prefix, output: workspace.output)
        if let last { return (snapshot.differences(from: last), snapshot) }
        let plans = try PlannedFile.plan(rendered, in: try workspace.output.open())
        let tree = TreeDifference(output: workspace.output, redactor: redactor, prefix: inputs.prefix)
        return (try tree.differences(plans), snapshot)
    }

    private func show(
        _ differences: [FileDifference], isFirst: Bool, _ report: DifferenceReport, _ terminal: Terminal
    ) {
        // A change nearby that changes nothing here is not worth a line.
        guard isFirst || !differences.isEmpty else { return }
        let time = LocalTime.now.text("%H:%M:%S")
        let count = differences.isEmpty ? "nothing to change" : "\(differences.count) changed"
        StandardStream.output.write(terminal.styled("\(time)  \(count)", .bold) + "\n")
        StandardStream.output.write(report.text(differences))
    }

    /// The directories of templates and metadata.
    private func watched(_ workspace: Workspace, _ context: SubcommandContext) throws -> [FilePath] {
        let files = try MetadataFiles(
            common.files, environment: context.call.environment, logger: context.logger)
        let parents = (files.fallback + files.listed).filter { !$0.isEmpty }.map { path in
            let parent = FilePath(path).removingLastComponent()
            return parent.isEmpty ? "." : parent
        }
        return Array(Set(parents.filter { FileContents.isDirectory($0) } + workspace.tree.directories()))
    }
}
