// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import MetadataTree

/// The status as `os-collect-config status` prints it.
enum StatusReport {
    /// The document of the status file, and in one word what it comes to.
    static func document(_ kept: StatusFile.Kept) -> MetadataValue {
        var object = kept.document.object ?? MetadataObject()
        object["verdict"] = MetadataValue(string: verdict(kept))
        return MetadataValue(.object(object))
    }

    private static func verdict(_ kept: StatusFile.Kept) -> String {
        if !kept.isAlive { return "not-running" }
        return kept.status.isConverged ? "converged" : "degraded"
    }

    static func text(_ kept: StatusFile.Kept, now: Int = LocalTime.now.seconds) -> String {
        let status = kept.status
        var lines = [
            "\(verdict(kept)): \(kept.isAlive ? status.summary : "the daemon has ended; this is its last word")"
        ]
        lines += status.sources.map { line($0, now) }
        if let command = status.command { lines.append("command: \(text(command, now))") }
        if kept.isAlive, status.phase == .sleeping, let next = status.nextPoll {
            lines.append("next poll: in \(max(next - now, 0)) s")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ source: NodeStatus.Source, _ now: Int) -> String {
        var parts = ["\(source.name): \(source.state.rawValue)"]
        if source.isStale { parts.append("stale") }
        if source.state == .down, source.isOptional { parts.append("not missed") }
        if let moment = source.lastSuccess { parts.append("answered \(ago(moment, now))") }
        if let moment = source.lastChange { parts.append("changed \(ago(moment, now))") }
        if let error = source.lastError { parts.append(Printable.message(error)) }
        return parts.joined(separator: ", ")
    }

    private static func text(_ command: NodeStatus.Command, _ now: Int) -> String {
        guard let seconds = command.seconds else { return "running, started \(ago(command.started, now))" }
        let ending = command.isOverTime ? "ended for its time limit" : "exit status \(command.status ?? 1)"
        let tenths = Int((seconds * 10).rounded())
        return "\(ending), started \(ago(command.started, now)), took \(tenths / 10).\(tenths % 10) s"
    }

    private static func ago(_ moment: Int, _ now: Int) -> String {
        let seconds = max(now - moment, 0)
        switch seconds {
        case ..<120: return "\(seconds) s ago"
        case ..<7200: return "\(seconds / 60) min ago"
        case ..<172_800: return "\(seconds / 3600) h ago"
        default: return "\(seconds / 86400) d ago"
        }
    }
}
