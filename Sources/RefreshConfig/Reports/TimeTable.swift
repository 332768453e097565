// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// The hooks of a run, the slowest first, and its phases.
struct TimeTable {
    private let record: RunRecord

    init(_ record: RunRecord) {
        self.record = record
    }

    var text: String {
        let title =
            "run \(record.number), \(record.started): \(record.state) after \(Self.seconds(record.lastMoment)) s"
        var lines = [Printable.name(title), "", "  SECONDS  HOOK"]
        // Of those that took equally long, the first that ran comes first.
        let hooks = record.hooks.enumerated().sorted { left, right in
            let (one, other) = (left.element.duration ?? .max, right.element.duration ?? .max)
            return one == other ? left.offset < right.offset : one > other
        }
        for (_, hook) in hooks { lines.append(row(hook.duration, hook.name + Self.remark(hook))) }
        if hooks.isEmpty { lines.append("        -  no hooks") }
        lines += ["", "  SECONDS  PHASE"]
        for phase in record.phases {
            let count = record.hooks.count {
                $0.phase == phase.phase && $0.hook != HookEnvironment.directoryName
            }
            lines.append(row(phase.duration, "\(phase.phase), \(count == 1 ? "1 hook" : "\(count) hooks")"))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ duration: Int?, _ text: String) -> String {
        SecondsText.padded(duration.map(Self.seconds) ?? "-", to: 9) + "  " + Printable.name(text)
    }

    private static func remark(_ hook: RunRecord.HookRecord) -> String {
        switch hook.result {
        case "success": ""
        case "exit-code": "  exit status \(hook.status ?? 0)"
        case "signal": "  killed by signal \(hook.signal ?? 0)"
        case nil: "  no end is known"
        case let other?: "  \(other)"
        }
    }

    private static func seconds(_ microseconds: Int) -> String {
        SecondsText.long(microseconds: microseconds)
    }
}
