// SPDX-License-Identifier: Apache-2.0

/// The status as Prometheus's node exporter reads it from a file (textfile collector).
///
/// Source of the format: Prometheus, "Exposition formats", text-based.
enum MetricsText {
    static func text(of status: NodeStatus) -> String {
        let counters: [(String, String, (NodeStatus.Source) -> Int?)] = [
            ("polls_total", "counter", { $0.polls }),
            ("changes_total", "counter", { $0.changes }),
            ("failures_total", "counter", { $0.failures }),
            ("up", "gauge", { $0.state == .good ? 1 : $0.state == .down ? 0 : nil }),
            ("stale", "gauge", { $0.isStale ? 1 : 0 }),
            ("last_success_timestamp_seconds", "gauge", { $0.lastSuccess }),
            ("last_change_timestamp_seconds", "gauge", { $0.lastChange }),
        ]
        var text = ""
        for (name, type, value) in counters {
            let lines = status.sources.compactMap { source in
                value(source).map { "os_collect_config_source_\(name){source=\"\(source.name)\"} \($0)\n" }
            }
            if !lines.isEmpty { text += "# TYPE os_collect_config_source_\(name) \(type)\n" + lines.joined() }
        }
        text += metric("commands_total", "counter", "\(status.commands)")
        if let command = status.command {
            if let seconds = command.seconds { text += metric("command_seconds", "gauge", "\(seconds)") }
            if let status = command.status { text += metric("command_exit_status", "gauge", "\(status)") }
        }
        return text + metric("converged", "gauge", status.isConverged ? "1" : "0")
    }

    private static func metric(_ name: String, _ type: String, _ value: String) -> String {
        "# TYPE os_collect_config_\(name) \(type)\nos_collect_config_\(name) \(value)\n"
    }
}
