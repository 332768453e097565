// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem
import MetadataQuery
import MetadataTree
import Mustache
import SystemPackage

/// `os-apply-config explain KEY` and `explain FILE[:LINE]`: where a value or a line comes from.
struct ExplainCommand: SubcommandRunning {
    static let subcommand = Subcommand.explain
    static let summary =
        "Shows where the value of a key came from and what it overrode, or which template and keys made the lines of a file."
    static let operands: String? = "KEY|FILE[:LINE]"
    static let rules =
        TemplateOptions.rules + ViewOptions.rules + [.init("--format", arity: .one, isOriginal: false)]

    @OptionGroup var common: TemplateOptions
    @OptionGroup var view: ViewOptions

    @Option(help: ArgumentHelp("For people, or JSON for machines.", valueName: "text|json"))
    var format = OutputFormat.text

    var logFormat: LogFormat { common.logFormat }

    func run(_ operands: [String], _ context: SubcommandContext) async throws -> Int32 {
        guard operands.count == 1, !operands[0].isEmpty else {
            throw UsageError(
                "one key or file is wanted, before the options: all words behind -m are metadata files")
        }
        let workspace = context.workspace(common)
        let subject = try Subject(operands[0], workspace)
        let inputs = try workspace.load()
        guard inputs.problems.isEmpty else { throw ErrorList(inputs.problems.map { ConfigError($0) }) }
        let isKey =
            !operands[0].contains("/") && subject.line == nil
            && inputs.metadata.value(at: MetadataPath(operands[0])) != nil
        if let entry = subject.entry, !isKey {
            try await explain(entry, line: subject.line, workspace, inputs, context)
        } else {
            try explain(key: operands[0], workspace, inputs, context)
        }
        return ExitStatus.success
    }

    private func explain(
        key: String, _ workspace: Workspace, _ inputs: Workspace.Inputs, _ context: SubcommandContext
    ) throws {
        let path = inputs.prefix + MetadataPath(key).parts
        let history = KeyHistory(path, in: inputs.documents)
        guard history.value != nil else {
            let near = Spelling.suggestion(for: path, in: MetadataFiles.merged(inputs.documents))
            throw ConfigError("key \(path.dotted) does not exist in \(inputs.files.listed.pythonList)\(near)")
        }
        let redactor = view.showSecrets ? nil : inputs.redactor.value
        let explanation = KeyExplanation(history: history, redactor: redactor)
        show(explanation.text, explanation.json, context)
    }

    private func explain(
        _ entry: TemplateTree.Entry, line: Int?, _ workspace: Workspace, _ inputs: Workspace.Inputs,
        _ context: SubcommandContext
    ) async throws {
        let renderer = workspace.renderer(inputs, recordsSourceMaps: true)
        let file = try await renderer.render(entry)
        let missing = common.strict ? MissingKeys([file]).errors(in: inputs.metadata) : []
        guard missing.isEmpty else { throw ErrorList(missing) }
        let path = workspace.output.shown(file.path)
        let redactor = view.showSecrets ? nil : inputs.redactor.value
        let explanation = FileExplanation(
            file, path: path, redactor: redactor, prefix: inputs.prefix, only: line)
        if let line, explanation.lines.isEmpty { throw ConfigError("\(path) has no line \(line)") }
        show(explanation.text, explanation.json, context)
    }

    private func show(_ text: String, _ json: MetadataValue, _ context: SubcommandContext) {
        switch format {
        case .json: StandardStream.output.write(JSONShape.text(json))
        case .text:
            let isInteractive = view.terminal(context.call).isInteractive
            StandardStream.output.write(isInteractive ? Printable.text(text) : text)
        }
    }
}

/// What is to be explained: a rendered file, or else a key.
private struct Subject {
    let entry: TemplateTree.Entry?
    let line: Int?

    /// - Throws: `ConfigError` for a word with a slash that names no rendered file.
    init(_ word: String, _ workspace: Workspace) throws {
        let entries = workspace.tree.entries()
        var name = word
        var line: Int?
        if let colon = word.lastIndex(of: ":"), let number = Int(word[word.index(after: colon)...]),
            number > 0
        {
            name = String(word[..<colon])
            line = number
        }
        let names = Self.pathsBelowRoot(name, workspace)
        let entry = entries.first { names.contains($0.relativePath) || $0.path == FilePath(name) }
        self.entry = entry
        self.line = line
        if entry == nil, name.contains("/") {
            throw ConfigError("no template in \(workspace.tree.root) makes the file \(name)")
        }
    }

    /// What a path can mean: below the output root, or with that root in front.
    private static func pathsBelowRoot(_ name: String, _ workspace: Workspace) -> [FilePath] {
        let path = FilePath(name)
        var paths = [FilePath(root: nil, path.components)]
        var below = path
        if below.removePrefix(FilePath(workspace.output.path)) {
            paths.append(FilePath(root: nil, below.components))
        }
        return paths
    }
}
