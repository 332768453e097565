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
}
