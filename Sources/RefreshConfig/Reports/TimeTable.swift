// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// The hooks of a run, the slowest first, and its phases.
struct TimeTable {
    private let record: RunRecord

    init(_ record: RunRecord) {
        self.record = record
    }

    var text: String {
        let time = SecondsText.long(microseconds: record.lastMoment)
        let title = "run \(record.number), \(record.started): \(record.state) after \(time) s"
        var lines = [Printable.name(title), "", "  SECONDS  HOOK"]
        // Of those that took equally long, the first that ran comes first.
        let hooks = record.hooks.enumerated().sorted { left, right in
            let (one, other) = (left.element.end?.duration ?? .max, right.element.end?.duration ?? .max)
            return one == other ? left.offset < right.offset : one > other
        }
        lines += hooks.map { row($0.element.end?.duration, $0.element.name + remark(on: $0.element)) }
        if hooks.isEmpty { lines.append(row(nil, "no hooks")) }
        lines += ["", "  SECONDS  PHASE"]
        lines += record.phases.map { phase in
            let count = record.count(of: phase.phase)
            return row(phase.end?.duration, "\(phase.phase), \(count == 1 ? "1 hook" : "\(count) hooks")")
        }
        if record.phases.isEmpty { lines.append(row(nil, "no phases")) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ duration: Int?, _ text: String) -> String {
        let seconds = duration.map { SecondsText.long(microseconds: $0) } ?? "-"
        return SecondsText.padded(seconds, to: 9) + "  " + Printable.name(text)
    }

    private func remark(on hook: RunRecord.HookRecord) -> String {
        guard let end = hook.end else { return record.isRunning ? "  running" : "  no end is known" }
        return end.isSuccess ? "" : "  \(end.description)"
    }
}
