// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("How os-collect-config is doing: status, query, clean, metrics, logs")
struct CollectorStatusTests {
    private let sandbox: CollectorSandbox
    private var directory: TemporaryDirectory { sandbox.directory }

    init() throws {
        sandbox = try CollectorSandbox()
        sandbox.serve(#"{"a": {"b": [1, 2]}}"#)
    }

    private func report() throws -> [String: Any] {
        let ended = try sandbox.run("status", "--format", "json")
        return try JSONSerialization.jsonObject(with: ended.output) as? [String: Any] ?? [:]
    }

    private func source() throws -> [String: Any] {
        (try report()["sources"] as? [[String: Any]])?.first ?? [:]
    }

    @Test(
        "status --wait ends with 0 when all is done; later polls, a stale source and what is wrong are told, with 2"
    )
    func told() throws {
        try sandbox.configure("command = true")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        let waited = try sandbox.run("status", "--wait", "--timeout", "20")
        #expect(waited.status == 0, "\(waited.text) \(sandbox.logs)")
        #expect(waited.text.hasPrefix("converged: All sources answer, nothing to do\nrequest: ok, answered "))
        #expect(waited.text.contains("\ncommand: exit status 0, started "))
        #expect(waited.text.contains("\nnext poll: in "))

        sandbox.server.setRoutes([.init(path: "/x", status: 503)])
        #expect(try eventually { try sandbox.run("status").status == 2 })
        let told = try sandbox.run("status").text
        #expect(told.hasPrefix("degraded: Down: request\nrequest: down, stale, answered "), "\(told)")
        #expect(told.contains("/x answered 503") && !told.contains("s3cret"))
        let source = try source()
        #expect(source["state"] as? String == "down" && source["stale"] as? Bool == true)
        #expect(source["changes"] as? Int == 1 && source["failures"] as? Int ?? 0 > 0)
        #expect(try report()["verdict"] as? String == "degraded")
    }

    @Test(
        "a command that fails is not converged; the last word of a daemon that is gone is, with 1, an error")
    func failing() throws {
        try sandbox.configure("command = exit 3")
        let process = try sandbox.start()
        #expect(try eventually { try sandbox.run("status").text.contains("The command failed: status 3") })
        let waited = try sandbox.run("status", "--wait", "--timeout", "0.3")
        #expect(waited.status == 2)
        #expect(try eventually { try sandbox.run("status").text.contains("command: exit status 3") })
        #expect(try sandbox.run("status", "--wait", "--timeout", "0").status == 2)
        sandbox.stop(process)
        let gone = try sandbox.run("status")
        #expect(gone.status == 1 && gone.text.hasPrefix("not-running: the daemon has ended"))
        #expect(try sandbox.run("status", "--status-file", "nowhere").status == 1)
    }

    @Test(
        "sources that nobody named and that never gave anything are not missed, nor do they hide what is removed (C7)"
    )
    func unnamedSources() throws {
        sandbox.serve(#"{"deployments": [{"name": "d", "config": {"secret": 1}}]}"#)
        try sandbox.configure(
            "command = true", sources: [],
            sections: """
                [heat_local]
                path = \(directory.file("none"))
                [ec2]
                metadata_url = http://127.0.0.1:\(sandbox.server.port)/none
                [cfn]
                heat_metadata_hint = \(directory.file("none"))
                """)
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        let waited = try sandbox.run("status", "--wait", "--timeout", "20")
        #expect(waited.status == 0, "\(waited.text)")
        #expect(waited.text.contains("ec2: down, not missed"))
        #expect(directory.text("cache/d.json") != nil)
        sandbox.serve("{}")
        #expect(
            eventually { directory.text("cache/d.json") == nil && directory.text("cache/d.json.last") == nil }
        )
        #expect(eventually { directory.text("backup/d.json") == nil })
    }

    @Test("a status file that somebody else has written is no crash")
    func hostileStatusFile() throws {
        try sandbox.configure("command = true")
        let texts = [
            "", "[]", #"{"phase": "sleeping", "sources": []}"#,
            #"{"process": 1, "process_start": "x", "phase": "sleeping", "sources": [], "next_poll": -9223372036854775808, "command": {"started": -9223372036854775808, "seconds": 1e300, "status": 99999999999}}"#,
            #"{"process": -5, "process_start": "", "phase": "sleeping", "sources": [{"name": "\u001b[2J", "state": "down", "last_success": 9223372036854775807}], "command": {"started": 0, "seconds": NaN}}"#,
        ]
        for text in texts {
            try directory.write("status.json", text)
            let ended = try sandbox.run("status")
            #expect(ended.status == 1, "\(text): \(ended.text) \(ended.errorText)")
            #expect(!ended.text.contains("\u{1b}"))
        }
    }

    @Test("query prints a value of what was collected, as os-apply-config --key does")
    func query() throws {
        try sandbox.configure("command = true")
        #expect(try sandbox.runOnce().status == 0)
        #expect(try sandbox.run("query", "--type", "raw", "a.b").text.contains("[1, 2]"))
        #expect(try sandbox.run("query", "--key-default", "none", "no.such").text == "none\n")
        let missing = try sandbox.run("query", "no.such")
        #expect(missing.status == 1 && missing.errorText.contains("no.such"))
        #expect(try sandbox.run("query").status == 64)
    }

    @Test("clean leaves nothing of this machine, and nothing else is removed; not while the daemon runs")
    func clean() throws {
        try sandbox.configure(
            "command = true", "metrics_textfile = \(directory.file("metrics"))",
            "log_dir = \(directory.path)",
            sections: "[keystone]\ncache_dir = \(directory.file("tokens"))")
        let process = try sandbox.start()
        #expect(
            eventually {
                directory.text("cache/request.json.last") != nil && directory.text("metrics") != nil
            })
        let refused = try sandbox.run("clean")
        #expect(refused.status == 1 && refused.errorText.contains("the daemon is running"))
        sandbox.stop(process)
        try directory.write("cache/local-data/mine", "1")
        try directory.write("cache/.os-config.abc-1.tmp", "left by a killed run")
        try directory.write("tokens/token-00.json", "{}")
        try directory.write("tokens/other", "kept")
        #expect(try sandbox.run("clean").status == 0)
        let left = directory.tree().filter { !$0.hasPrefix("out") && !$0.hasPrefix("err") }
        #expect(
            left == [
                "backup", "c.conf", "cache", "cache/local-data", "cache/local-data/mine",
                "os-collect-config.log",
                "tokens", "tokens/other",
            ])
    }

    @Test("clean removes nothing when the backup directory is somebody else's")
    func cleanForeign() throws {
        try sandbox.configure("command = true")
        #expect(try sandbox.runOnce().status == 0)
        try directory.write("backup/photographs", "mine")
        let ended = try sandbox.run("clean")
        #expect(ended.status == 1 && ended.errorText.contains("nothing is removed"))
        #expect(directory.text("cache/request.json") != nil && directory.text("backup/photographs") == "mine")
    }

    @Test("the metrics are what Prometheus reads: a type and a line for each, whole at every moment")
    func metrics() throws {
        try sandbox.configure("command = exit 4", "metrics_textfile = metrics.prom")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        let has = { (line: String) in directory.text("metrics.prom")?.contains(line) == true }
        #expect(eventually { has("\nos_collect_config_command_exit_status 4\n") }, "\(sandbox.logs)")
        let text = try #require(directory.text("metrics.prom"))
        let lines = text.split(separator: "\n")
        for line in lines {
            let isType = line.firstMatch(of: /^# TYPE os_collect_config_[a-z_]+ (counter|gauge)$/) != nil
            let sample = /^os_collect_config_[a-z_]+({source="[a-z0-9_]+"})? [0-9.e+-]+$/
            #expect(isType || line.firstMatch(of: sample) != nil, "\(line)")
        }
        #expect(has("os_collect_config_source_up{source=\"request\"} 1\n"))
        #expect(has("os_collect_config_source_changes_total{source=\"request\"} 1\n"))
        #expect(has("os_collect_config_converged 0\n"))
        sandbox.server.setRoutes([])
        #expect(eventually { has("os_collect_config_source_up{source=\"request\"} 0\n") })
    }

    @Test(
        "JSON logs are one object a line; a repeated trouble is told once; the log file is opened anew on SIGHUP"
    )
    func logs() throws {
        sandbox.server.setRoutes([])
        try sandbox.configure("command = true", "use_json = true", "log_file = \(directory.file("log"))")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { sandbox.server.requests.count > 3 })
        let lines = (directory.text("log") ?? "").split(separator: "\n")
        #expect(lines.count == 1)
        for line in lines {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect((object?["message"] as? String)?.contains("is unavailable") == true)
        }
        rename(directory.file("log"), directory.file("log.1"))
        process.signal(SIGHUP)
        #expect(eventually { directory.text("log") != nil })
        sandbox.server.setRoutes([.init(path: "/x", status: 500)])
        #expect(eventually { directory.text("log")?.contains("answered 500") == true }, "\(sandbox.logs)")
        #expect(directory.text("log.1")?.contains("answered 500") == false)
    }

    @Test("--drop-unavailable leaves a source out that is down, as the original does")
    func dropUnavailable() throws {
        try directory.write("local/l", "1")
        try sandbox.configure("command = echo $$OS_CONFIG_FILES >> ran", sources: ["request", "local"])
        #expect(try sandbox.runOnce().status == 0)
        sandbox.server.setRoutes([])
        #expect(try sandbox.runOnce("--force").status == 0)
        #expect(try sandbox.runOnce("--force", "--drop-unavailable").status == 0)
        let ran = (directory.text("ran") ?? "").split(separator: "\n")
        #expect(ran.map { $0.contains("request.json") } == [true, true, false])
        #expect(ran.allSatisfy { $0.contains("l.json") })
    }

    @Test("a configuration that has lost its command keeps the daemon as it was, and prints nothing")
    func lostCommand() throws {
        try sandbox.configure("command = echo one >> ran")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { directory.text("cache/request.json.last") != nil })
        try sandbox.configure()
        #expect(eventually { sandbox.logs.contains("keeping the old one: it has no command any more") })
        sandbox.serve(#"{"a": 2}"#)
        #expect(eventually { directory.text("ran") == "one\none\n" })
        #expect(directory.text("out") == "")
    }

    @Test(
        "a configuration that asks for one round only keeps the daemon as it was",
        arguments: ["one_time", "force", "print"])
    func oneRoundOnly(option: String) throws {
        try sandbox.configure("command = true")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { directory.text("cache/request.json.last") != nil })
        try sandbox.configure("command = true", "\(option) = true")
        #expect(eventually { sandbox.logs.contains("keeping the old one: it asks for one round only") })
        #expect(process.isRunning && directory.text("out") == "")
    }

    @Test(
        "a disk that is full is told, keeps the copy of before, and is done with when there is room again",
        .enabled(if: geteuid() == 0))
    func fullDisk() throws {
        try directory.write("cache/below", "")
        try sandbox.configure(
            "command = cat cache/request.json > ran.new; mv ran.new ran", "backup_cachedir =")
        sandbox.serve(#"{"a": 1}"#)
        let mount = "mount -t tmpfs -o size=64k none '\(directory.file("cache"))' && exec \"$@\""
        let process = try sandbox.start(
            under: ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", mount, "sh"])
        defer { sandbox.stop(process) }
        let cached = { (name: String) in
            FileManager.default.contents(atPath: "/proc/\(process.id)/root\(directory.file("cache/\(name)"))")
                .map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(try sandbox.run("status", "--wait", "--timeout", "20").status == 0, "\(sandbox.logs)")
        sandbox.serve("{\"a\": \"\(String(repeating: "x", count: 200_000))\"}")
        #expect(try eventually { try sandbox.run("status").text.contains("No space left on device") })
        #expect(try sandbox.run("status").status == 2)
        #expect(
            cached("request.json") == "{\n \"a\": 1\n}" && cached("request.json.last") == "{\n \"a\": 1\n}")
        sandbox.serve(#"{"a": 3}"#)
        #expect(try sandbox.run("status", "--wait", "--timeout", "20").status == 0, "\(sandbox.logs)")
        #expect(eventually { directory.text("ran") == "{\n \"a\": 3\n}" })
    }

    @Test("with a cache that cannot be written nothing has converged, and it is told")
    func unwritableCache() throws {
        try directory.write("cache", "a file")
        try sandbox.configure("command = true")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(try eventually { try sandbox.run("status").text.contains("The metadata cannot be kept") })
        #expect(try sandbox.run("status").status == 2)
    }
}
