// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// How a run stands, for people.
struct StatusReport {
    private let record: RunRecord

    init(_ record: RunRecord) {
        self.record = record
    }

    var text: String {
        var lines = ["run \(record.number): \(Printable.name(record.state))"]
        func add(_ title: String, _ text: String) {
            lines.append(
                "  \(title)\(String(repeating: " ", count: 10 - title.count))\(Printable.name(text))")
        }
        if !record.started.isEmpty {
            add("started", record.started)
            add("pid", String(record.process))
        }
        if let end = record.end { add("took", "\(SecondsText.long(microseconds: end.duration)) s") }
        add("hooks", hooksText)
        for hook in record.hooks where hook.end == nil && record.end == nil {
            add(record.isRunning ? "running" : "cut off", hook.name)
        }
        for (place, hook) in record.failures.enumerated() {
            add(place == 0 ? "failed" : "and", "\(hook.name): \(Self.reason(of: hook))")
            for line in hook.end?.errorLines ?? [] { lines.append("    | \(Printable.name(line))") }
        }
        if record.failures.isEmpty, let phase = record.phases.last(where: { $0.end?.result == "failed" }) {
            add("failed", "\(phase.phase), between two hooks")
        }
        if !record.base.isEmpty { add("base", record.base) }
        add("record", record.path)
        return lines.joined(separator: "\n") + "\n"
    }

    private var hooksText: String {
        let counts = record.phases.map { "\($0.phase) \(record.count(of: $0.phase))" }
        return counts.isEmpty ? "none" : counts.joined(separator: ", ")
    }

    private static func reason(of hook: RunRecord.HookRecord) -> String {
        guard let end = hook.end else { return "" }
        let time = " after \(SecondsText.long(microseconds: end.duration)) s"
        return end.description + (end.result == "not-started" ? "" : time)
    }
}
