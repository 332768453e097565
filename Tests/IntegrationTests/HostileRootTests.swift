// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("An output root that wants to lead an apply astray (D15)", .serialized)
struct HostileRootTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("m.json", #"{"v": "new"}"#)
        try directory.write("outside/file", "outside\n", mode: 0o640)
        try directory.write("outside/etc/passwd", "victim:x:4242:4242::/:/bin/sh\n")
    }

    private func apply(_ words: String..., prefix: [String] = []) throws -> ChildProcess.Ended {
        try ChildProcess(
            prefix + [
                Programs.path("os-apply-config"), "--log-file", "none", "-t", "t", "-m", "m.json",
                "--fallback-metadata", "-o", "root",
            ] + words, in: directory.path
        ).run()
    }

    /// All that is outside the root, with bytes, modes and times.
    private func outside() -> String {
        (try? ChildProcess([
            "/bin/sh", "-c",
            "cd \"$0\" && find outside -printf '%p %y %m %U %T@ %l\\n' | sort && cat outside/file",
            directory.path,
        ]).run().text) ?? ""
    }

    @Test(
        "a link at any level, absolute or with `..`, stays inside",
        arguments: ["/", "../../../../../../../../../../../../.."],
        ["etc", "etc/a", "etc/a/b", "etc/a/b/file"])
    func links(lead: String, level: String) throws {
        try directory.write("t/etc/a/b/file", "{{v}}\n")
        let parent = (level as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(
            atPath: directory.file("root/\(parent)"), withIntermediateDirectories: true)
        let isFile = level.hasSuffix("file")
        let target = lead + (isFile ? directory.file("outside/file") : directory.file("outside"))
        symlink(target, directory.file("root/\(level)"))
        let before = outside()
        let ended = try apply()
        #expect(outside() == before)
        if isFile {
            #expect(ended.status == 0)
            #expect(directory.text("root/\(level)") == "new\n")
        } else {
            // Inside the root the link leads nowhere.
            #expect(ended.status == 1)
        }
    }

    @Test("a link among directories that leads to something inside the root is followed there")
    func linkInside() throws {
        try directory.write("t/etc/conf/file", "{{v}}\n")
        try directory.write("root\(directory.file("outside"))/here", "inside\n")
        try FileManager.default.createDirectory(
            atPath: directory.file("root/etc"), withIntermediateDirectories: true)
        symlink(directory.file("outside"), directory.file("root/etc/conf"))
        let before = outside()
        #expect(try apply().status == 0)
        #expect(outside() == before)
        #expect(directory.text("root\(directory.file("outside"))/file") == "new\n")
    }

    @Test("names of owners are those of the root, even where its passwd is a link out")
    func passwd() throws {
        try directory.write("t/file", "{{v}}\n")
        try directory.write("t/file.oac", "owner: victim\n")
        try directory.write("root/etc/x", "")
        symlink(directory.file("outside/etc/passwd"), directory.file("root/etc/passwd"))
        let ended = try apply()
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("owner 'victim' not found in passwd database"))
        #expect(directory.text("root/file") == nil)
    }

    @Test("neither diff nor explain nor lint reads through a link that leads out")
    func reading() throws {
        try directory.write("t/etc/file", "{{v}}\n")
        try directory.write("root/etc/x", "")
        symlink(directory.file("outside/file"), directory.file("root/etc/file"))
        for command in ["diff", "lint"] {
            let words = ["-t", "t", "-m", "m.json", "--fallback-metadata", "-o", "root"]
            let ended = try ChildProcess(
                [Programs.path("os-apply-config"), command] + words, in: directory.path
            ).run()
            #expect(!ended.text.contains("outside"), "\(ended.text)")
        }
    }

    @Test("FIFOs and sockets in place of targets hold nothing up and are replaced")
    func specialFiles() throws {
        try directory.write("t/fifo", "{{v}}\n")
        try directory.write("t/socket", "{{v}}\n")
        try directory.write("root/x", "")
        mkfifo(directory.file("root/fifo"), 0o600)
        let listener = try ChildProcess([
            "/usr/bin/python3", "-c",
            "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])",
            directory.file("root/socket"),
        ]).run()
        #expect(listener.status == 0)
        let ended = try apply()
        #expect(ended.status == 0, "\(ended.errorText)")
        #expect(directory.text("root/fifo") == "new\n")
        #expect(directory.text("root/socket") == "new\n")
    }

    @Test("a directory that becomes a link out and back while applies run in a loop")
    func swappedLink() throws {
        for index in 0..<20 { try directory.write("t/etc/d/sub/f\(index)", "{{v}}\n") }
        try directory.write("root/etc/d/sub/x", "")
        symlink(directory.file("outside"), directory.file("root/etc/other"))
        try FileManager.default.createDirectory(
            atPath: directory.file("outside/sub"), withIntermediateDirectories: true)
        let before = outside()
        let swapper = try ChildProcess([
            "/usr/bin/python3", "-c",
            """
            import ctypes, os, sys
            swap = ctypes.CDLL(None, use_errno=True).renameat2
            one, other = (os.fsencode(path) for path in sys.argv[1:])
            while True:
                swap(-100, one, -100, other, 2)
            """,
            directory.file("root/etc/d"), directory.file("root/etc/other"),
        ]).start(output: directory.file("swapper"), errorOutput: directory.file("swapper-errors"))
        defer {
            swapper.signal(SIGKILL)
            _ = swapper.wait(limit: 10)
        }
        var successes = 0
        for round in 0..<150 {
            try directory.write("m.json", "{\"v\": \"\(round)\"}")
            if try apply("--no-sync").status == 0 { successes += 1 }
        }
        print("link swapped under 150 applies: \(successes) succeeded")
        swapper.signal(SIGSTOP)
        #expect(outside() == before)
        #expect(directory.text("swapper-errors") == "")
    }

    @Test("a target that is a mount point is rewritten in place, with a warning")
    func mountPoint() throws {
        try directory.write("t/etc/hosts", "{{v}} hosts\n")
        try directory.write("t/etc/gone", "{{missing}}")
        try directory.write("t/etc/gone.oac", "allow_empty: false\n")
        try directory.write("root/etc/hosts", "")
        try directory.write("root/etc/gone", "")
        try directory.write("mounted", "a longer text than the new one\n")
        try directory.write("mounted-too", "goes\n")
        let script = """
            set -e
            mount --bind "$0/mounted" "$0/root/etc/hosts"
            mount --bind "$0/mounted-too" "$0/root/etc/gone"
            shift 0; exec "$@"
            """
        let ended = try apply(
            prefix: [
                "/usr/bin/unshare", "--mount", "--map-root-user", "/bin/sh", "-c", script, directory.path,
            ])
        #expect(ended.status == 0, "\(ended.errorText)")
        #expect(directory.text("mounted") == "new hosts\n")
        #expect(directory.text("mounted-too") == "")
        #expect(ended.errorText.contains("root/etc/hosts is a mount point: it is rewritten in place"))
        #expect(!directory.tree().contains { $0.contains(".os-config.") })
    }
}
