// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("From the metadata server to the rendered file")
struct WholeLineTests {
    @Test("the demo takes a change from server to file, says it plainly in a pipe, and leaves nothing")
    func demo() throws {
        let temporary = try TemporaryDirectory()
        let script = "\(Programs.root)/Tests/IntegrationTests/demo.sh"
        let ended = try ChildProcess(
            ["/bin/bash", script, Programs.directory],
            environment: ["PATH": "/usr/bin:/bin", "TMPDIR": temporary.path]
        ).run()
        #expect(ended.status == 0, "\(ended.errorText)")
        #expect(ended.text.contains("    [client]\n    user = root\n    password = Heifs23jk3\n"))
        #expect(ended.text.contains("    [client]\n    user = root\n    password = n3w-Passw0rd\n"))
        #expect(ended.text.contains(" ms from the change to the file\n"))
        #expect(!ended.text.contains("\u{1B}"))
        #expect(temporary.tree().isEmpty)
    }

    @Test("the line renders the bytes, follows a change, and ends on SIGTERM")
    func line() throws {
        let lab = try Lab()
        try lab.writeNode(password: "first")
        try lab.writeTemplates()
        let server = try lab.startServer()
        defer { lab.stop(server) }
        let collector = try lab.startCollector()
        defer { lab.stop(collector) }
        let file = "root/etc/mysql/mysql.conf"
        let rendered = { (password: String) in "[client]\nuser = root\npassword = \(password)\n" }
        #expect(eventually { lab.directory.text(file) == rendered("first") }, "\(lab.logs())")
        #expect(eventually { lab.directory.text("cache/request.json.last") != nil })
        #expect(lab.directory.text("cache/cfn.json") == lab.directory.text("cache/request.json"))
        #expect(lab.directory.text("cache/os_config_files.json")?.contains("cfn.json\", ") == true)
        try lab.writeNode(password: "second")
        #expect(eventually { lab.directory.text(file) == rendered("second") }, "\(lab.logs())")
        collector.signal(SIGTERM)
        #expect(collector.wait(limit: 10) == -SIGTERM)
        // A request that waits must not hold the server up.
        server.signal(SIGTERM)
        #expect(server.wait(limit: 10) == 0)
    }

    @Test("a server that goes and comes back is survived, with the last good file in place")
    func serverOutage() throws {
        let lab = try Lab()
        try lab.writeNode(password: "first")
        try lab.writeTemplates()
        let server = try lab.startServer()
        let collector = try lab.startCollector()
        defer { lab.stop(collector) }
        #expect(eventually { lab.directory.text("cache/request.json.last") != nil }, "\(lab.logs())")
        server.signal(SIGTERM)
        _ = server.wait(limit: 10)
        #expect(eventually { lab.logs().contains("Source [request] is unavailable") })
        #expect(
            lab.directory.text("root/etc/mysql/mysql.conf") == "[client]\nuser = root\npassword = first\n")
        try lab.writeNode(password: "third")
        let again = try lab.startServer(port: lab.port)
        defer { lab.stop(again) }
        #expect(
            eventually { lab.directory.text("root/etc/mysql/mysql.conf")?.contains("third") == true },
            "\(lab.logs())")
    }
}

/// A server, a collector, hooks and templates in a temporary directory.
final class Lab {
    let directory: TemporaryDirectory
    private(set) var port = 0

    init() throws {
        directory = try TemporaryDirectory()
        for name in ["nodes", "cache", "root"] {
            try FileManager.default.createDirectory(
                atPath: directory.file(name), withIntermediateDirectories: true)
        }
    }

    func writeNode(password: String) throws {
        let text = """
            metadata: {mysql: {root-password: \(password)}}
            credentials:
              request: {token: t0ken}
              cfn: {access_key_id: AK, secret_access_key: SK, stack_name: st, resource: res}
            """
        try directory.write("node.new", text, mode: 0o600)
        rename(directory.file("node.new"), directory.file("nodes/n1.yaml"))
    }

    func writeTemplates() throws {
        let element = "\(Programs.root)/elements/mysql-common/os-apply-config/etc/mysql/mysql.conf"
        try directory.write("t/etc/mysql/mysql.conf", try Data(contentsOf: URL(fileURLWithPath: element)))
        let program = Programs.path("os-config")
        let apply =
            "#!/bin/sh\nexec \(program) os-apply-config -t \(directory.file("t")) -o \(directory.file("root")) --log-file none\n"
        try directory.write("hooks/configure.d/20-os-apply-config", apply, mode: 0o755)
    }

    func startServer(port: Int = 0) throws -> RunningProcess {
        let server = try ChildProcess(
            [
                Programs.path("os-metadata-server"), "--nodes", directory.file("nodes"), "--listen",
                "127.0.0.1:\(port)",
            ]
        ).start(output: directory.file("server.out"), errorOutput: directory.file("server.err"))
        #expect(
            eventually { directory.text("server.out")?.contains("listening on http://127.0.0.1:") == true },
            "\(logs())")
        let line = directory.text("server.out")?.split(separator: "\n").last.map(String.init) ?? ""
        self.port = line.split(separator: ":").last.flatMap { Int($0) } ?? 0
        return server
    }

    func startCollector() throws -> RunningProcess {
        let program = Programs.path("os-config")
        let configuration = """
            [DEFAULT]
            command = \(program) os-refresh-config --lockfile \(directory.file("lock"))
            collectors = cfn
            collectors = request
            cachedir = \(directory.file("cache"))
            backup_cachedir = \(directory.file("backup"))
            min_polling_interval = 0.2
            polling_interval = 1
            [cfn]
            metadata_url = http://127.0.0.1:\(port)/v1/
            stack_name = st
            access_key_id = AK
            secret_access_key = SK
            path = res.Metadata
            [request]
            metadata_url = http://127.0.0.1:\(port)/v1/nodes/n1/metadata
            token = t0ken
            """
        try directory.write("c.conf", configuration, mode: 0o600)
        return try ChildProcess(
            [program, "os-collect-config", "--config-file", directory.file("c.conf")],
            environment: [
                "PATH": "/usr/bin:/bin", "OS_REFRESH_CONFIG_BASE_DIR": directory.file("hooks"),
                "OS_REFRESH_CONFIG_STATE_DIR": directory.file("state"),
                "HOME": directory.path,
            ]
        ).start(output: directory.file("collector.out"), errorOutput: directory.file("collector.err"))
    }

    func stop(_ process: RunningProcess) {
        process.signal(SIGKILL)
        _ = process.wait(limit: 10)
    }

    func logs() -> String {
        ["server.out", "server.err", "collector.out", "collector.err"]
            .map { "\($0): \(directory.text($0) ?? "")" }.joined(separator: "\n")
    }
}
