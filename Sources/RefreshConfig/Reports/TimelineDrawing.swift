// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// A run in time, drawn in the manner of `systemd-analyze plot`: a row for each phase and hook, one after the other, and bars
/// where they ran.
///
/// The drawing is SVG 1.1 with text that can be selected; it is light or dark as its viewer is.
struct TimelineDrawing {
    private let record: RunRecord
    /// Microseconds.
    private let length: Int

    private static let width = 960.0
    private static let rowHeight = 20.0
    private static let margin = 24.0
    private static let top = 84.0
    /// About that of the font.
    private static let characterWidth = 6.6
    /// For the text behind the last bar.
    private static let room = 260.0

    init(_ record: RunRecord) {
        self.record = record
        length = max(record.lastMoment, 1000)
    }

    var svg: String {
        let rows = self.rows
        let height = Self.top + Double(rows.count) * Self.rowHeight + 56
        var text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.number(Self.totalWidth))" \
            height="\(Self.number(height))" viewBox="0 0 \(Self.number(Self.totalWidth)) \(Self.number(height))" \
            role="img">
            <title>\(Printable.xml(Printable.name(title)))</title>
            \(Self.style)
            <rect class="paper" width="100%" height="100%"/>
            <text class="title" x="\(Self.number(Self.margin))" y="30">\(Printable.xml(Printable.name(title)))</text>
            <text class="note" x="\(Self.number(Self.margin))" y="50">\(Printable.xml(Printable.name(note)))</text>

            """
        text += axis(rows: rows.count)
        for (place, row) in rows.enumerated() { text += drawn(row, at: place) }
        text += legend(y: height - 18)
        return text + "</svg>\n"
    }

    private static let totalWidth = margin * 2 + width + room

    private static let style = """
        <style>
        svg { color-scheme: light dark; }
        text { font: 12px system-ui, sans-serif; fill: #1f2328; }
        .title { font-size: 16px; font-weight: 600; }
        .note, .tick { fill: #59636e; }
        .paper { fill: #ffffff; }
        .grid { stroke: #d1d9e0; }
        .phase { fill: #c8d8e8; }
        .hook { fill: #3f7cb8; }
        .environment { fill: #8a63c4; }
        .failed { fill: #cf3d3d; }
        .open { fill: #c08a1e; }
        @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; }
        .note, .tick { fill: #9198a1; }
        .paper { fill: #0d1117; }
        .grid { stroke: #30363d; }
        .phase { fill: #2a3a4c; }
        .hook { fill: #4e95d9; }
        .environment { fill: #a588dc; }
        .failed { fill: #f0605d; }
        .open { fill: #d9a53a; }
        }
        </style>
        """

    private var title: String { "os-refresh-config, run \(record.number): \(record.state)" }

    private var note: String {
        "started \(record.started), \(SecondsText.long(microseconds: record.lastMoment)) s, \(record.base)"
    }

    // MARK: Rows

    private struct Row {
        let style: String
        let label: String
        let offset: Int
        /// Up to the last moment where no end is known.
        let duration: Int
    }

    /// Each phase with its hooks below it, in the order of their starts; and what belongs to no phase that has begun.
    private var rows: [Row] {
        let phases = record.phases.flatMap { phase -> [Row] in
            let row = row("phase", phase.phase, phase.offset, phase.end?.duration)
            return [row] + record.hooks.filter { $0.phase == phase.phase }.map(row(of:))
        }
        let begun = record.phases.map(\.phase)
        return phases + record.hooks.filter { !begun.contains($0.phase) }.map(row(of:))
    }

    private func row(of hook: RunRecord.HookRecord) -> Row {
        let style = hook.end.map { $0.isSuccess ? (hook.isEnvironment ? "environment" : "hook") : "failed" }
        return row(
            style ?? "open", hook.hook.isEmpty ? hook.name : hook.hook, hook.offset, hook.end?.duration)
    }

    private func row(_ style: String, _ name: String, _ offset: Int, _ duration: Int?) -> Row {
        let unknown = record.isRunning ? " (it runs)" : " (no end is known)"
        let time = duration.map { " (\(SecondsText.long(microseconds: $0)) s)" } ?? unknown
        return Row(
            style: style, label: Printable.name(name) + time, offset: offset,
            duration: duration ?? max(record.lastMoment - offset, 0))
    }

    private func drawn(_ row: Row, at place: Int) -> String {
        let left = x(row.offset)
        let wide = max(x(row.offset + row.duration) - left, 1)
        let y = Self.top + Double(place) * Self.rowHeight
        let isPhase = row.style == "phase"
        let inset = isPhase ? 2.0 : 4.0
        return """
            <rect class="\(row.style)" x="\(Self.number(left))" y="\(Self.number(y + inset))" \
            width="\(Self.number(wide))" height="\(Self.number(Self.rowHeight - inset * 2))"/>
            \(label(row.label, after: isPhase ? left - 1 : left + wide, before: left, y: y + 14))

            """
    }

    /// Behind the bar, before it, or in it, where there is room; what is too long for the drawing is cut.
    private func label(_ text: String, after end: Double, before start: Double, y: Double) -> String {
        let longest = Int(Self.totalWidth / 2 / Self.characterWidth)
        let shown = text.count > longest ? text.prefix(longest) + "…" : text[...]
        let wide = Double(shown.count) * Self.characterWidth + 5
        let place =
            if end + wide <= Self.totalWidth {
                "x=\"\(Self.number(end + 5))\""
            } else if start - wide >= 0 {
                "x=\"\(Self.number(start - 5))\" text-anchor=\"end\""
            } else {
                "x=\"\(Self.number(start + 5))\""
            }
        return "<text \(place) y=\"\(Self.number(y))\">\(Printable.xml(String(shown)))</text>"
    }

    // MARK: Time

    private func x(_ microseconds: Int) -> Double {
        Self.margin + Double(min(microseconds, length)) / Double(length) * Self.width
    }

    /// Between two lines of the grid, in microseconds: 1, 2 or 5 of a power of ten, and about ten of them.
    private var step: Int {
        var step = 1
        while true {
            for factor in [1, 2, 5] where length / (step * factor) <= 10 { return step * factor }
            step *= 10
        }
    }

    private func axis(rows: Int) -> String {
        let bottom = Self.top + Double(rows) * Self.rowHeight + 6
        return stride(from: 0, through: length, by: step).map { time in
            let place = Self.number(x(time))
            return """
                <line class="grid" x1="\(place)" y1="\(Self.number(Self.top - 6))" x2="\(place)" \
                y2="\(Self.number(bottom))"/>
                <text class="tick" x="\(place)" y="\(Self.number(Self.top - 12))" text-anchor="middle">\
                \(SecondsText.short(Double(time) / 1_000_000)) s</text>

                """
        }.joined()
    }

    private func legend(y: Double) -> String {
        let entries = [
            ("hook", "hook"), ("environment", "environment.d"), ("failed", "failed"),
            ("open", "no end known"),
        ]
        return entries.enumerated().map { place, entry in
            let left = Self.margin + Double(place) * 130
            return """
                <rect class="\(entry.0)" x="\(Self.number(left))" y="\(Self.number(y - 10))" width="12" height="12"/>
                <text class="note" x="\(Self.number(left + 18))" y="\(Self.number(y))">\(entry.1)</text>

                """
        }.joined()
    }

    /// With two decimals at the most.
    private static func number(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let text = SecondsText.fixed(microseconds: hundredths * 10_000, decimals: 2)
        let trimmed = text.reversed().drop { $0 == "0" }
        return String((trimmed.first == "." ? trimmed.dropFirst() : trimmed).reversed())
    }
}
