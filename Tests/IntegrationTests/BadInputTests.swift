// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Bad input: a clear error, the right status, nothing half done")
struct BadInputTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("m.json", #"{"a": {"b": "value"}}"#)
        try directory.write("t/etc/a", "{{a.b}}\n")
        try directory.write("t/etc/z", "{{a.b}}\n")
        try directory.write("out/etc/a", "old\n")
        try directory.write("out/etc/z", "old\n")
    }

    private func apply(_ words: String..., prefix: [String] = []) throws -> ChildProcess.Ended {
        let arguments =
            words.isEmpty ? ["-m", "m.json", "--fallback-metadata", "-t", "t", "-o", "out"] : words
        return try ChildProcess(
            prefix + [Programs.path("os-config"), "os-apply-config", "--log-file", "none"] + arguments,
            in: directory.path
        ).run()
    }

    /// Nothing was written, and no temporary file is left.
    private func isUntouched() -> Bool {
        directory.text("out/etc/a") == "old\n" && directory.text("out/etc/z") == "old\n"
            && !directory.tree().contains { $0.contains(".tmp") }
    }

    @Test("no metadata file: empty metadata, and the missing keys are named")
    func noMetadata() throws {
        let ended = try apply("-m", "nope.json", "--fallback-metadata", "-t", "t", "-o", "out")
        #expect(ended.status == 0)
        #expect(
            ended.errorText.contains(
                "missing keys, which gave nothing: 2: a.b (2 times, first t/etc/a:1:1)"))
    }

    @Test("metadata that is a list is ignored")
    func metadataList() throws {
        try directory.write("m.json", "[1]")
        #expect(try apply().status == 0)
        #expect(directory.text("out/etc/a") == "\n")
    }

    @Test(
        "what cannot be read or rendered stops before anything is written",
        arguments: [
            (
                "m.json", "{\"a\": 1,\n \"b\" 2}",
                "Could not parse metadata file: m.json:2:6: unexpected '2', expected ':'"
            ),
            ("t/etc/z", "x\n{{#a}}\n", "t/etc/z:2:1: section {{#a}} is not closed"),
            ("t/etc/z", "{{/a}}\n", "t/etc/z:1:1: {{/a}} closes no section"),
            ("t/etc/z.oac", "foo: 1\n", "t/etc/z.oac:1:6: unrecognised file control key 'foo'"),
            ("t/etc/z.oac", "mode: [\n", "t/etc/z.oac:2:1: "),
            ("t/etc/z.oac", "mode: 1000\n", "t/etc/z.oac:1:7: mode '01750' out of range"),
            ("t/etc/z.oac", "owner: nobody-at-all\n", "owner 'nobody-at-all' not found in passwd database"),
            ("t/etc/z.oac", "- x\n", "header is not a dict"),
        ])
    func refused(file: String, text: String, message: String) throws {
        try directory.write(file, text)
        let ended = try apply()
        #expect(ended.status == 1)
        #expect(ended.errorText.contains(message), "\(ended.errorText)")
        #expect(ended.output.isEmpty)
        #expect(isUntouched())
    }

    @Test(
        "a template that cannot be read", .enabled(if: geteuid() == 0, "as root only, who can become nobody"))
    func unreadableTemplate() throws {
        chmod(directory.file("t/etc/z"), 0)
        let drop = ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        let ended = try apply(prefix: drop)
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("cannot read t/etc/z: Permission denied"))
        #expect(isUntouched())
    }

    @Test(
        "a directory that cannot be written",
        .enabled(if: geteuid() == 0, "as root only, who can become nobody"))
    func unwritableOutput() throws {
        let drop = ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        let ended = try apply(prefix: drop)
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("cannot write out/etc/a: Permission denied"))
        #expect(isUntouched())
    }

    @Test("an output root that is a file")
    func outputIsFile() throws {
        try directory.write("file", "x")
        let ended = try apply("-m", "m.json", "--fallback-metadata", "-t", "t", "-o", "file")
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("cannot open file: Not a directory"))
    }

    @Test("a file that may not grow so large leaves all files as they were")
    func fileSizeLimit() throws {
        try directory.write("t/etc/z", String(repeating: "x", count: 100_000))
        let ended = try apply(prefix: ["/bin/sh", "-c", "ulimit -f 16; exec \"$@\"", "sh"])
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("cannot write out/etc/z: File too large"))
        #expect(isUntouched())
    }

    @Test("metadata that cannot be handed to an executable template is an error, not a wait")
    func unwritableInput() throws {
        try directory.write("m.json", "{\"a\": {\"b\": \"\(String(repeating: "x", count: 100_000))\"}}")
        try directory.write("t/etc/z", "#!/bin/sh\ncat\n", mode: 0o755)
        try directory.write("t/etc/a", "short\n")
        let ended = try apply(prefix: ["/bin/sh", "-c", "ulimit -f 8; exec \"$@\"", "sh"])
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("cannot run t/etc/z: File too large"))
        #expect(isUntouched())
    }

    @Test(
        "a full disk leaves all files as they were",
        .enabled(if: geteuid() == 0, "as root only, who can mount one"))
    func fullDisk() throws {
        try directory.write("t/etc/z", String(repeating: "x", count: 2_000_000))
        let script = """
            mount -t tmpfs -o size=1m tmpfs out && mkdir out/etc && echo old > out/etc/a && echo old > out/etc/z
            "$@"; status=$?; ls -A out/etc; cat out/etc/a out/etc/z; exit $status
            """
        let ended = try apply(
            prefix: [
                "/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh",
            ])
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("cannot write out/etc/z: No space left on device"))
        #expect(ended.text == "a\nz\nold\nold\n")
    }

    @Test("a target that is a directory leaves the others as they were")
    func targetIsDirectory() throws {
        try FileManager.default.removeItem(atPath: directory.file("out/etc/z"))
        try directory.write("out/etc/z/file", "x")
        let ended = try apply()
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("cannot replace out/etc/z: Is a directory"))
        #expect(directory.text("out/etc/a") == "old\n")
    }

    @Test("a signal counts while a hook that ignores it is given its time after a time-out")
    func signalAfterTimeout() throws {
        try directory.write(
            "base/configure.d/10-deaf", "#!/bin/bash\ntrap '' TERM\nwhile :; do read -t 1 <> <(:); done\n",
            mode: 0o755)
        try directory.write("base/error.d/10-error", "#!/bin/sh\ntouch handled\n", mode: 0o755)
        let process = try ChildProcess(
            [Programs.path("os-config"), "os-refresh-config", "--lockfile", "lock", "--timeout", "1"],
            in: directory.path,
            environment: [
                "PATH": "/usr/bin:/bin", "OS_REFRESH_CONFIG_BASE_DIR": "base",
                "OS_REFRESH_CONFIG_STATE_DIR": "state",
            ]
        ).start(output: "/dev/null", errorOutput: directory.file("err"))
        #expect(eventually { directory.text("err")?.contains("Timeout reached: 1s.") == true })
        process.signal(SIGTERM)
        #expect(process.wait(limit: 30) == 143)
        #expect(directory.text("handled") == nil)
    }

    @Test("a hook's failure, and a program that is none, say which and how")
    func hooks() throws {
        try directory.write("base/configure.d/10-bad", "#!/bin/sh\nexit 3\n", mode: 0o755)
        let environment = [
            "PATH": "/usr/bin:/bin", "OS_REFRESH_CONFIG_BASE_DIR": "base",
            "OS_REFRESH_CONFIG_STATE_DIR": "state",
        ]
        let command = ChildProcess(
            [Programs.path("os-config"), "os-refresh-config", "--lockfile", "lock"], in: directory.path,
            environment: environment)
        let failed = try command.run()
        #expect(failed.status == 1)
        #expect(failed.errorText.contains("during configure phase. [base/configure.d/10-bad: exit status 3]"))
        try directory.write("base/configure.d/10-bad", "#!/no/such/shell\n", mode: 0o755)
        #expect(
            try command.run().errorText.contains(
                "cannot run base/configure.d/10-bad: its interpreter /no/such/shell: No such file or directory"
            ))
    }
}

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
        #expect(ended.errorText.contains("Source [request] Unavailable."))
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
        #expect(ended.errorText.contains("Source [cfn] Unavailable."))
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
