// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import MetadataTree

/// How a run stands.
struct StatusReport {
    private let record: RunRecord

    init(_ record: RunRecord) {
        self.record = record
    }

    // MARK: For people

    var text: String {
        var lines = ["run \(record.number): \(Printable.name(record.state))"]
        func add(_ title: String, _ text: String) {
            lines.append(
                "  \(title)\(String(repeating: " ", count: 10 - title.count))\(Printable.name(text))")
        }
        add("started", record.started)
        add("pid", String(record.process))
        if let duration = record.duration { add("took", "\(SecondsText.long(microseconds: duration)) s") }
        add("hooks", hooksText)
        for hook in record.hooks where hook.result == nil {
            add(record.isRunning ? "running" : "cut off", hook.name)
        }
        if let failure = record.failure {
            add("failed", "\(failure.name): \(Self.reason(of: failure))")
            for line in failure.errorLines { lines.append("    | \(Printable.name(line))") }
        }
        let handlers = record.hooks.filter { $0.phase == Phase.errors && $0.result != nil }
        for handler in handlers where handler.result != "success" {
            add("and", "\(handler.name): \(Self.reason(of: handler))")
        }
        add("base", record.base)
        add("record", record.path)
        return lines.joined(separator: "\n") + "\n"
    }

    private var hooksText: String {
        let counts = record.phases.map { phase in
            let count = record.hooks.count {
                $0.phase == phase.phase && $0.result != nil && $0.hook != HookEnvironment.directoryName
            }
            return "\(phase.phase) \(count)"
        }
        return counts.isEmpty ? "none" : counts.joined(separator: ", ")
    }

    /// How a hook ended, for people.
    static func reason(of hook: RunRecord.HookRecord) -> String {
        let time = " after \(SecondsText.long(microseconds: hook.duration ?? 0)) s"
        switch hook.result {
        case "success": return "exit status 0\(time)"
        case "exit-code": return "exit status \(hook.status ?? 0)\(time)"
        case "signal": return "killed by signal \(hook.signal ?? 0)\(time)"
        case "timeout": return "out of time\(time)"
        case "stopped": return "ended by signal \(hook.signal ?? 0)\(time)"
        case "not-started": return hook.reason ?? "it could not be started"
        case let other?: return other + time
        case nil: return "no end is known"
        }
    }

    // MARK: For programs

    var json: [UInt8] { JSONShape.text(RecordJSON.run(record)) }
}
