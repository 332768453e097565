// SPDX-License-Identifier: Apache-2.0

/// The hunks of a unified difference, without the secrets.
struct TextDifference {
    struct Line {
        enum Kind: String {
            case context = " "
            case removed = "-"
            case added = "+"
        }

        let kind: Kind
        let text: String
        /// Whether a line end follows in the file.
        let isEnded: Bool
    }

    struct Hunk {
        /// The first lines, counted from 1; 0 where there are none.
        let oldStart: Int
        let newStart: Int
        let lines: [Line]

        var oldCount: Int { lines.count { $0.kind != .added } }
        var newCount: Int { lines.count { $0.kind != .removed } }
    }

    /// What stands in place of an old line that may hold a secret.
    static let hidden = "‹hidden›"
    /// How many lines are shown around a change.
    private static let contextLines = 3

    private(set) var hunks: [Hunk] = []

    var added: Int { hunks.reduce(0) { $0 + $1.lines.count { $0.kind == .added } } }
    var removed: Int { hunks.reduce(0) { $0 + $1.lines.count { $0.kind == .removed } } }

    /// - Parameters:
    ///   - history: what is known of secrets in `old`, of which there is no map; nil where its redactions are known.
    ///   - isSecretName: whether a line has a word that is the name of a secret.
    init(
        old: RedactedText, new: RedactedText, history: SecretHistory?,
        isSecretName: @escaping (ArraySlice<UInt8>) -> Bool
    ) {
        let (oldLines, newLines) = (Self.lines(old.bytes), Self.lines(new.bytes))
        let steps = LineDifference(oldLines.map { old.bytes[$0] }, newLines.map { new.bytes[$0] }).steps
        let view = View(
            old: old, new: new, oldLines: oldLines, newLines: newLines, steps: steps, history: history,
            isSecretName: isSecretName)
        var (passed, oldBefore, newBefore) = (0, 0, 0)
        func pass(_ range: Range<Int>) {
            for step in steps[range] {
                if case .add = step {} else { oldBefore += 1 }
                if case .remove = step {} else { newBefore += 1 }
            }
            passed = range.upperBound
        }
        for range in Self.shownRanges(steps) {
            pass(passed..<range.lowerBound)
            let lines = view.lines(range)
            let (hasOld, hasNew) = (
                lines.contains { $0.kind != .added }, lines.contains { $0.kind != .removed }
            )
            hunks.append(
                Hunk(
                    oldStart: oldBefore + (hasOld ? 1 : 0), newStart: newBefore + (hasNew ? 1 : 0),
                    lines: lines))
            pass(range)
        }
    }

    /// The lines with their ends.
    private static func lines(_ bytes: [UInt8]) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == 0x0A {
            lines.append(start..<(index + 1))
            start = index + 1
        }
        if start < bytes.count { lines.append(start..<bytes.count) }
        return lines
    }

    /// The changes with the lines around them; what overlaps is one.
    private static func shownRanges(_ steps: [LineDifference.Step]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for (index, step) in steps.enumerated() {
            if case .keep = step { continue }
            let range = max(0, index - contextLines)..<min(steps.count, index + contextLines + 1)
            if let last = ranges.last, last.upperBound >= range.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges
    }
}

/// Shows steps as lines, and hides the old ones that may hold a secret.
private struct View {
    let old: RedactedText
    let new: RedactedText
    let oldLines: [Range<Int>]
    let newLines: [Range<Int>]
    let steps: [LineDifference.Step]
    let history: SecretHistory?
    let isSecretName: (ArraySlice<UInt8>) -> Bool

    func lines(_ range: Range<Int>) -> [TextDifference.Line] {
        var lines: [TextDifference.Line] = []
        var index = range.lowerBound
        while index < range.upperBound {
            if case .keep(_, let place) = steps[index] {
                lines.append(line(.context, new, newLines[place]))
                index += 1
                continue
            }
            let end = blockEnd(index)
            lines += block(index..<end)
            index = end
        }
        return lines
    }

    private func blockEnd(_ start: Int) -> Int {
        steps[start...].firstIndex { if case .keep = $0 { true } else { false } } ?? steps.count
    }

    /// A run of changes: what goes, then what comes.
    private func block(_ range: Range<Int>) -> [TextDifference.Line] {
        let isHidden = hidesRemoved(range)
        var removed: [TextDifference.Line] = []
        var added: [TextDifference.Line] = []
        for step in steps[range] {
            switch step {
            case .remove(let place) where isHidden:
                let isEnded = old.bytes[oldLines[place]].last == 0x0A
                removed.append(.init(kind: .removed, text: TextDifference.hidden, isEnded: isEnded))
            case .remove(let place): removed.append(line(.removed, old, oldLines[place]))
            case .add(let place): added.append(line(.added, new, newLines[place]))
            case .keep: break
            }
        }
        return removed + added
    }

    /// Whether the lines that go in a run of changes may hold a secret: the file on disk has no map.
    private func hidesRemoved(_ range: Range<Int>) -> Bool {
        guard let history else { return false }
        if history == .gone { return true }
        var removed = 0
        var added = 0
        for step in steps[range] {
            switch step {
            case .add(let place):
                added += 1
                if new.isRedacted(in: newLines[place]) { return true }
            case .remove(let place):
                removed += 1
                if namesSecret(place) { return true }
            case .keep: break
            }
        }
        guard history == .possible else { return false }
        // What went without a line in its place may have been part of a longer secret, or of a repeated section.
        if removed != added { return true }
        return [range.lowerBound - 1, range.upperBound].contains { index in
            guard steps.indices.contains(index), case .keep(_, let place) = steps[index] else { return false }
            return new.isRedacted(in: newLines[place])
        }
    }

    /// Whether an old line speaks of something secret by its name: with no map, nothing else is known of it.
    private func namesSecret(_ place: Int) -> Bool {
        history != nil && !old.isRedacted(in: oldLines[place]) && isSecretName(old.bytes[oldLines[place]])
    }

    private func line(_ kind: TextDifference.Line.Kind, _ text: RedactedText, _ range: Range<Int>)
        -> TextDifference.Line
    {
        let isEnded = text.bytes[range].last == 0x0A
        let shown = range.lowerBound..<(range.upperBound - (isEnded ? 1 : 0))
        return TextDifference.Line(kind: kind, text: text.text(of: shown), isEnded: isEnded)
    }
}
