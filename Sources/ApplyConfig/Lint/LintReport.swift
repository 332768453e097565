// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import MetadataTree
import Mustache

/// Shows what was found.
struct LintReport {
    let findings: [Finding]
    let tags: [Template.Tag]

    var errors: Int { findings.count { $0.severity == .error } }
    var warnings: Int { findings.count { $0.severity == .warning } }

    // MARK: For people

    /// As compilers do: the place, what it is, the line with a caret.
    func text(_ terminal: Terminal) -> String {
        var text = ""
        for finding in findings {
            let name = Printable.name(finding.file)
            let place = finding.position.map { "\(name):\($0)" } ?? name
            let severity =
                finding.severity == .error
                ? terminal.styled("error", .bold, .red) : terminal.styled("warning", .bold, .yellow)
            text += "\(terminal.styled(place, .bold)): \(severity): "
            let lines = Printable.message(finding.message).split(separator: "\n", maxSplits: 1)
            text += "\(lines.first ?? "") [\(finding.rule.rawValue)]\n"
            if lines.count > 1 { text += "\(lines[1])\n" }
            if let excerpt = finding.place.flatMap({ SourceExcerpt($0) }) { text += excerpt.text }
        }
        guard !findings.isEmpty else { return "" }
        return text
            + "\(errors) error\(errors == 1 ? "" : "s"), \(warnings) warning\(warnings == 1 ? "" : "s")\n"
    }

    /// The keys, each with the places that ask for it.
    func keys(_ terminal: Terminal) -> String {
        var places: [ByteString: [Template.Tag]] = [:]
        for tag in tags where tag.kind != .partial { places[tag.name, default: []].append(tag) }
        let names = places.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        return names.map { name in
            let lines = (places[name] ?? []).map { tag in
                let around = tag.sections.map(\.text).joined(separator: ", ")
                return
                    "    \(tag.place): \(tag.kind.rawValue)\(around.isEmpty ? "" : ", inside \(around)")\n"
            }
            return terminal.styled(Printable.text(name.text), .bold) + "\n"
                + Printable.text(lines.joined())
        }.joined()
    }

    // MARK: For machines

    var json: MetadataValue {
        let findings = findings.map { finding in
            JSONShape.object([
                ("severity", .init(string: finding.severity.rawValue)),
                ("rule", .init(string: finding.rule.rawValue)), ("file", .init(string: finding.file)),
                ("line", finding.position.map { JSONShape.number($0.line) }),
                ("column", finding.position.map { JSONShape.number($0.column) }),
                ("message", .init(string: finding.message)),
            ])
        }
        let keys = tags.filter { $0.kind != .partial }.map { tag in
            let position = tag.place.position
            return JSONShape.object([
                ("key", .init(string: tag.name.text)), ("kind", .init(string: tag.kind.rawValue)),
                ("inside", JSONShape.array(tag.sections.map { .init(string: $0.text) })),
                ("file", .init(string: tag.place.file)), ("line", JSONShape.number(position.line)),
                ("column", JSONShape.number(position.column)),
            ])
        }
        return JSONShape.object([
            ("errors", JSONShape.number(errors)), ("warnings", JSONShape.number(warnings)),
            ("findings", JSONShape.array(findings)), ("keys", JSONShape.array(keys)),
        ])
    }
}
