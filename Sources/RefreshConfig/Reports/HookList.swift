// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import MetadataTree
import SystemPackage

/// What would run, and what would not.
struct HookList {
    private struct Section {
        let phase: String
        let directory: HookDirectory
        let hooks: [String]
        let environment: HookEnvironment
    }

    private var sections: [Section] = []

    /// - Parameter withErrors: whether `error.d` belongs to it.
    /// - Throws: `HostError`, `ExtendedExpression.PatternError`.
    init(_ base: HookBase, _ selection: RunSelection, withErrors: Bool) throws {
        for phase in selection.phases {
            guard let directory = try base.directory(of: phase.rawValue) else { continue }
            sections.append(
                Section(
                    phase: phase.rawValue, directory: directory,
                    hooks: selection.hooks(of: phase, in: directory),
                    environment: HookEnvironment(beside: directory.path)))
        }
        if withErrors, let directory = try base.directory(of: Phase.errors) {
            sections.append(
                Section(
                    phase: Phase.errors, directory: directory, hooks: directory.hooks,
                    environment: HookEnvironment(beside: directory.path)))
        }
    }

    // MARK: For people

    var text: String {
        if sections.isEmpty { return "no hooks\n" }
        return sections.map(text).joined(separator: "\n") + environmentText
    }

    private func text(of section: Section) -> String {
        let title = section.phase == Phase.errors ? "error, when a phase has failed" : section.phase
        var lines = ["\(title)  \(Printable.name(section.directory.path))"]
        lines += section.hooks.map { "    \(Printable.name($0))" }
        if section.hooks.isEmpty { lines.append("    no hooks") }
        if !section.directory.skipped.isEmpty {
            let names = section.directory.skipped.map { Printable.name($0.name) }
            let width = names.map(\.count).max() ?? 0
            lines.append("  not run:")
            for (name, skipped) in zip(names, section.directory.skipped) {
                let reason = skipped.reason.description(pattern: section.directory.pattern)
                lines.append(
                    "    \(name)\(String(repeating: " ", count: width - name.count + 2))\(Printable.name(reason))"
                )
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The same files are read before the hooks of each phase, unless phases are links to elsewhere.
    private var environmentText: String {
        var shown: [[String]] = []
        var text = ""
        for section in sections {
            let files = section.environment.files.map(\.string)
            guard !files.isEmpty, !shown.contains(where: { $0.map(Self.name) == files.map(Self.name) }) else {
                continue
            }
            shown.append(files)
            text += "\n\(HookEnvironment.directoryName), read by bash before the hooks of each phase\n"
            text += files.map { "    \(Printable.name(Self.name($0)))\n" }.joined()
            if let (first, second) = section.environment.misordered {
                text +=
                    "  in the order of the names' bytes: \(Printable.name(first)) before \(Printable.name(second))\n"
            }
        }
        return text
    }

    private static func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

    // MARK: For programs

    var json: [UInt8] {
        func text(_ text: String) -> MetadataValue { MetadataValue(string: text) }
        let phases = sections.map { section in
            JSONShape.object([
                ("phase", text(section.phase)), ("directory", text(section.directory.path)),
                ("environment", JSONShape.array(section.environment.files.map { text($0.string) })),
                ("hooks", JSONShape.array(section.hooks.map(text))),
                (
                    "skipped",
                    JSONShape.array(
                        section.directory.skipped.map {
                            JSONShape.object([("name", text($0.name)), ("reason", text($0.reason.word))])
                        })
                ),
            ])
        }
        return JSONShape.text(JSONShape.object([("phases", JSONShape.array(phases))]))
    }
}
