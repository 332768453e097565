// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HostSystem
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

    private let base: HookBase
    private var sections: [Section] = []

    /// The phases that are selected, and `error.d`, which runs when one of them fails.
    ///
    /// - Throws: `HostError`, `HookBase.PatternError`.
    init(_ base: HookBase, _ selection: RunSelection) throws {
        self.base = base
        for phase in selection.phases {
            guard let directory = try base.directory(of: phase.rawValue) else { continue }
            try add(phase.rawValue, directory, selection.hooks(of: phase, in: directory))
        }
        if let directory = try base.directory(of: Phase.errors) {
            try add(Phase.errors, directory, directory.hooks)
        }
    }

    private mutating func add(_ phase: String, _ directory: HookDirectory, _ hooks: [String]) throws {
        let environment = try HookEnvironment(beside: directory.path)
        sections.append(Section(phase: phase, directory: directory, hooks: hooks, environment: environment))
    }

    // MARK: For people

    var text: String {
        if sections.isEmpty { return "no hooks in \(Printable.name(base.path))\n" }
        return sections.map(text).joined(separator: "\n") + environmentText
    }

    private func text(of section: Section) -> String {
        let title = section.phase == Phase.errors ? "error, when a phase has failed" : section.phase
        var lines = ["\(title)  \(Printable.name(section.directory.path))"]
        lines += section.hooks.map { "    \(Printable.name($0))" }
        if section.hooks.isEmpty { lines.append("    no hooks") }
        lines += Self.lines(
            "not run",
            section.directory.skipped.map { skipped in
                (skipped.name, skipped.reason.description(pattern: section.directory.pattern))
            })
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(_ title: String, _ skipped: [(name: String, reason: String)]) -> [String] {
        guard !skipped.isEmpty else { return [] }
        let names = skipped.map { Printable.name($0.name) }
        let width = min(names.map(\.count).max() ?? 0, 40)
        return ["  \(title):"]
            + zip(names, skipped).map { name, skipped in
                let blanks = String(repeating: " ", count: max(width - name.count, 0) + 2)
                return "    \(name)\(blanks)\(Printable.name(skipped.reason))"
            }
    }

    /// The same files are read before the hooks of each phase, unless phases are links to elsewhere.
    private var environmentText: String {
        var places: [(path: FilePath, phases: [String], environment: HookEnvironment)] = []
        for section in sections {
            guard let path = FileContents.resolved(section.environment.path) else { continue }
            if let place = places.firstIndex(where: { $0.path == path }) {
                places[place].phases.append(section.phase)
            } else {
                places.append((path, [section.phase], section.environment))
            }
        }
        return places.map { place in
            let of = places.count == 1 ? "each phase" : place.phases.joined(separator: ", ")
            return text(of: place.environment, "read by bash before the hooks of \(of)")
        }.joined()
    }

    private func text(of environment: HookEnvironment, _ use: String) -> String {
        if environment.files.isEmpty, environment.skipped.isEmpty { return "" }
        var lines = ["", "\(HookEnvironment.directoryName), \(use)"]
        lines += environment.files.map { "    \(Printable.name($0.lastComponent?.string ?? ""))" }
        if let (first, second) = environment.misordered {
            lines.append(
                "  in the order of the names' bytes: \(Printable.name(first)) before \(Printable.name(second))"
            )
        }
        lines += Self.lines(
            "not read",
            environment.skipped.map { ($0.name, $0.reason.description(pattern: HookEnvironment.pattern)) })
        return lines.joined(separator: "\n") + "\n"
    }

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
