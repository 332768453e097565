// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Bad sources: the collector says what is wrong and goes on with the others")
struct BadSourceTests {
    private let directory: TemporaryDirectory
    private let server: StubHTTPServer

    init() throws {
        directory = try TemporaryDirectory()
        server = try StubHTTPServer()
        try directory.write("hl.json", #"{"a": 1}"#)
    }

    private func collect(_ words: [String]) throws -> ChildProcess.Ended {
        let request = ["--request-metadata-url", "http://127.0.0.1:\(server.port)/x?sig=s3cret"]
        return try ChildProcess(
            [Programs.path("os-config"), "os-collect-config", "--heat_local-path", "hl.json"] + request
                + words
                + ["request", "heat_local"],
            in: directory.path, environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path]
        ).run()
    }

    private let cache = ["--cachedir", "c", "--backup-cachedir", "b", "--one-time", "-c", "echo ran"]

    @Test(
        "an answer that is cut short, broken or an error leaves the last good copy in use",
        arguments: [
            StubHTTPServer.Route(path: "/x", body: #"{"k": 2}"#, truncate: 3), .init(path: "/x", body: "{"),
            .init(path: "/x", status: 503),
            .init(path: "/x", body: "[]"),
        ])
    func brokenAnswers(route: StubHTTPServer.Route) throws {
        server.setRoutes([.init(path: "/x", body: #"{"k": 1}"#)])
        #expect(try collect(cache).text == "ran\n")
        let before = directory.text("c/request.json")
        server.setRoutes([route])
        let ended = try collect(cache)
        #expect(ended.status == 0)
        #expect(ended.text == "")
        #expect(ended.errorText.contains("Source [request] is unavailable"))
        #expect(!ended.errorText.contains("s3cret"))
        #expect(directory.text("c/request.json") == before)
        #expect(directory.text("c/os_config_files.json") == #"["c/request.json", "c/heat_local.json"]"#)
        #expect(!directory.tree().contains { $0.hasSuffix(".tmp") })
    }

    @Test(
        "numbers that are none, or beyond all measure, harm nobody",
        arguments: ["inf", "nan", "-inf", "1e30", "-5"])
    func numbers(value: String) throws {
        server.setRoutes([.init(path: "/x", body: "{}")])
        let options = ["--min-polling-interval=\(value)", "--request-timeout=\(value)"]
        let ended = try collect(options + cache)
        #expect(ended.status == (value.contains("n") ? 1 : 0), "\(ended.errorText)")
    }

    @Test("a backup directory with other files is not touched")
    func foreignBackup() throws {
        try directory.write("b/precious.txt", "mine")
        server.setRoutes([.init(path: "/x", body: #"{"k": 1}"#)])
        let ended = try collect(cache)
        #expect(ended.status == 0)
        #expect(ended.errorText.contains("holds other files than a cache"))
        #expect(directory.text("b/precious.txt") == "mine")
    }

    @Test("a list that changed without a document is told again until the command succeeds")
    func listChange() throws {
        server.setRoutes([.init(path: "/x", body: #"{"k": 1}"#)])
        #expect(try collect(cache).text == "ran\n")
        let only = [
            "--cachedir", "c", "--backup-cachedir", "b", "--one-time", "--heat_local-path", "hl.json",
        ]
        let run = { (command: String) in
            try ChildProcess(
                [Programs.path("os-config"), "os-collect-config"] + only + ["-c", command, "heat_local"],
                in: directory.path, environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path]
            ).run()
        }
        #expect(try run("exit 3").status == 3)
        #expect(try run("echo again").text == "again\n")
        #expect(try run("echo never").text == "")
    }

    @Test("a FIFO in place of a file is left out, and not waited for")
    func fifo() throws {
        server.setRoutes([.init(path: "/x", body: #"{"k": 1}"#)])
        unlink(directory.file("hl.json"))
        mkfifo(directory.file("hl.json"), 0o644)
        let ended = try collect(cache)
        #expect(ended.status == 0)
        #expect(ended.errorText.contains("hl.json is not a file, ignoring"))
        #expect(directory.text("c/os_config_files.json") == #"["c/request.json"]"#)
    }

    @Test("a wrong signature is said, without the signature")
    func wrongSignature() throws {
        let lab = try Lab()
        try lab.writeNode(password: "x")
        let server = try lab.startServer()
        defer { lab.stop(server) }
        let ended = try ChildProcess(
            [
                Programs.path("os-config"), "os-collect-config", "--cfn-metadata-url",
                "http://127.0.0.1:\(lab.port)/v1/",
                "--cfn-stack-name", "st", "--cfn-access-key-id", "AK", "--cfn-secret-access-key", "WRONG",
                "--cfn-path",
                "res.Metadata", "cfn",
            ], environment: ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]
        ).run()
        #expect(ended.status == 0)
        #expect(ended.text == "{}\n")
        #expect(ended.errorText.contains("http://127.0.0.1:\(lab.port)/v1/ answered 403"))
        #expect(ended.errorText.contains("Source [cfn] is unavailable"))
        #expect(!ended.errorText.contains("Signature="))
    }

    @Test(
        "a full cache directory leaves the cache as it was",
        .enabled(if: geteuid() == 0, "as root only, who can mount one"))
    func fullCache() throws {
        try directory.write("hl.json", "{\"a\": \"\(String(repeating: "x", count: 300_000))\"}")
        let script = """
            mkdir c && mount -t tmpfs -o size=64k tmpfs c && "$@"; status=$?; ls -A c; exit $status
            """
        let ended = try ChildProcess(
            ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh"]
                + [Programs.path("os-config"), "os-collect-config", "--heat_local-path", "hl.json"] + cache
                + ["heat_local"],
            in: directory.path, environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path]
        ).run()
        #expect(ended.status == 1)
        #expect(ended.text == "")
        #expect(ended.errorText.contains("cannot write c/heat_local.json: No space left on device"))
    }
}
