// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import MetadataTree

/// Shows differences of files as people and `patch` know them: a unified difference with git's extended headers, and two more
/// for owners.
struct DifferenceReport {
    let terminal: Terminal

    func text(_ differences: [FileDifference]) -> String { differences.map(text).joined() }

    private func text(_ difference: FileDifference) -> String {
        var lines = header(difference).map { terminal.styled(Printable.name($0), .bold) }
        switch difference.content {
        case .same: break
        case .binary(let oldSize, let newSize):
            lines.append("Binary files differ: \(oldSize) and \(newSize) bytes")
        case .text(let text):
            lines += names(difference).map { terminal.styled(Printable.name($0), .bold) }
            for hunk in text.hunks { lines += self.lines(hunk) }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func header(_ difference: FileDifference) -> [String] {
        var lines = ["diff \(difference.path)"]
        if let replaced = difference.replaced { lines.append("replaces \(replaced)") }
        let (old, new) = (difference.old, difference.new)
        switch difference.change {
        case .create:
            lines.append("new file" + (new.mode.map { " mode \($0.octalMode)" } ?? ""))
            if let owner = new.owner { lines.append("new owner \(owner)") }
            if let group = new.group { lines.append("new group \(group)") }
        case .delete: lines.append("deleted file" + (old.mode.map { " mode \($0.octalMode)" } ?? ""))
        case .modify:
            for (name, old, new) in [
                ("mode", old.mode?.octalMode, new.mode?.octalMode), ("owner", old.owner, new.owner),
                ("group", old.group, new.group),
            ] where new != nil && old != new {
                if let old { lines.append("old \(name) \(old)") }
                lines.append("new \(name) \(new ?? "")")
            }
        }
        return lines
    }

    private func names(_ difference: FileDifference) -> [String] {
        [
            "--- " + (difference.change == .create ? "/dev/null" : difference.path),
            "+++ " + (difference.change == .delete ? "/dev/null" : difference.path),
        ]
    }

    private func lines(_ hunk: TextDifference.Hunk) -> [String] {
        let range = { (start: Int, count: Int) in count == 1 ? "\(start)" : "\(start),\(count)" }
        let head = "@@ -\(range(hunk.oldStart, hunk.oldCount)) +\(range(hunk.newStart, hunk.newCount)) @@"
        return [terminal.styled(head, .cyan)]
            + hunk.lines.flatMap { line -> [String] in
                let text = line.kind.rawValue + shown(line.text)
                let styled: String
                switch line.kind {
                case .context: styled = text
                case .removed: styled = terminal.styled(text, .red)
                case .added: styled = terminal.styled(text, .green)
                }
                return line.isEnded ? [styled] : [styled, "\\ No newline at end of file"]
            }
    }

    /// A file's bytes do not get to steer a terminal.
    private func shown(_ text: String) -> String { terminal.isInteractive ? Printable.text(text) : text }

    // MARK: A summary

    /// A line a file with what is added and removed, and a total.
    func summary(_ differences: [FileDifference]) -> String {
        let names = differences.map { Printable.name($0.path) }
        let widest = names.map(\.count).max() ?? 0
        let most = differences.map { $0.added + $0.removed }.max() ?? 0
        let lines = zip(names, differences).map { name, difference in
            let padding = String(repeating: " ", count: widest - name.count)
            return " \(name)\(padding) | \(amount(difference, most))\n"
        }
        let (added, removed) = (
            differences.reduce(0) { $0 + $1.added }, differences.reduce(0) { $0 + $1.removed }
        )
        return lines.joined()
            + " \(Self.counted(differences.count, "file")) changed, \(Self.counted(added, "line")) added, \(removed) removed\n"
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    private func amount(_ difference: FileDifference, _ most: Int) -> String {
        let word =
            switch difference.change {
            case .create: " (new)"
            case .delete: " (gone)"
            case .modify: ""
            }
        switch difference.content {
        case .same: return "mode or owner" + word
        case .binary(let oldSize, let newSize): return "binary, \(oldSize) -> \(newSize) bytes" + word
        case .text:
            // Forty signs at the most, and one where there is anything.
            let scale = { (count: Int) in most <= 40 ? count : min(count, max(1, count * 40 / most)) }
            let bars =
                terminal.styled(String(repeating: "+", count: scale(difference.added)), .green)
                + terminal.styled(String(repeating: "-", count: scale(difference.removed)), .red)
            return "\(difference.added + difference.removed) \(bars)\(word)"
        }
    }

    // MARK: For machines

    /// `{"files": [{"path", "template", "change", "old", "new", "binary", "added", "removed", "hunks"}]}`
    static func json(_ differences: [FileDifference]) -> MetadataValue {
        JSONShape.object([("files", JSONShape.array(differences.map(json)))])
    }

    private static func json(_ difference: FileDifference) -> MetadataValue {
        var members: [(String, MetadataValue?)] = [
            ("path", .init(string: difference.path)),
            ("template", difference.template.map { .init(string: $0) }),
            ("change", .init(string: difference.change.rawValue)),
            ("replaces", difference.replaced.map { .init(string: $0) }),
            ("old", difference.change == .create ? nil : json(difference.old)),
            ("new", difference.change == .delete ? nil : json(difference.new)),
            ("added", JSONShape.number(difference.added)), ("removed", JSONShape.number(difference.removed)),
        ]
        switch difference.content {
        case .same: members.append(("hunks", JSONShape.array([])))
        case .binary(let oldSize, let newSize):
            members.append(
                (
                    "binary",
                    JSONShape.object([
                        ("oldSize", JSONShape.number(oldSize)), ("newSize", JSONShape.number(newSize)),
                    ])
                ))
        case .text(let text): members.append(("hunks", JSONShape.array(text.hunks.map(json))))
        }
        return JSONShape.object(members)
    }

    private static func json(_ attributes: FileDifference.Attributes) -> MetadataValue {
        JSONShape.object([
            ("mode", attributes.mode.map { .init(string: $0.octalMode) }),
            ("owner", attributes.owner.map { .init(string: $0) }),
            ("group", attributes.group.map { .init(string: $0) }),
        ])
    }

    private static func json(_ hunk: TextDifference.Hunk) -> MetadataValue {
        let lines = hunk.lines.map { line in
            JSONShape.object([
                ("op", .init(string: line.kind.rawValue)), ("text", .init(string: line.text)),
                ("noNewline", line.isEnded ? nil : MetadataValue(.boolean(true))),
            ])
        }
        return JSONShape.object([
            ("oldStart", JSONShape.number(hunk.oldStart)), ("oldLines", JSONShape.number(hunk.oldCount)),
            ("newStart", JSONShape.number(hunk.newStart)), ("newLines", JSONShape.number(hunk.newCount)),
            ("lines", JSONShape.array(lines)),
        ])
    }
}
