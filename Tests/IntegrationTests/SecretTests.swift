// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("A secret is never shown")
struct SecretTests {
    private static let old = "0ld-S3cret-0ne"
    private static let new = "n3w-S3cret-tw0"
    private static let key =
        "-----BEGIN KEY-----\\nbase64-line-number-one\\nbase64-line-number-two\\n-----END KEY-----"

    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("old.json", Self.metadata(Self.old, port: 1))
        try directory.write("new.json", Self.metadata(Self.new, port: 2))
        try directory.write("gone.json", #"{"db": {"host": "h", "port": 3}, "users": []}"#)
        try directory.write(
            "t/etc/plain",
            "port = {{db.port}}\npassword = {{db.password}}\n{{#tls.private-key}}{{.}}{{/tls.private-key}}\nend\n"
        )
        try directory.write("t/etc/whole", "{{db}}\n{{.}}\n{{users}}\n")
        try directory.write("t/etc/url", "url = {{db.url}}\n")
        try directory.write("t/etc/loop", "{{#users}}{{name}}:{{token}}\n{{/users}}end\n")
        try directory.write(
            "t/etc/program", "#!/bin/sh\ntee /dev/stderr | tr ',' '\\n'\n", mode: 0o755)
        try directory.write("t/etc/section", "{{#db.password}}\nhas = {{.}}\n{{/db.password}}\nlast\n")
        try directory.write("t/etc/wrong.oac", "mode: 0600\n")
    }

    private static func metadata(_ secret: String, port: Int) -> String {
        """
        {"db": {"password": "\(secret)", "host": "h", "port": \(port), "url": "mysql://root:\(secret)@h/db"},
         "tls": {"private-key": "\(key)-\(secret)"},
         "users": [{"name": "a", "token": "a-\(secret)"}, {"name": "b", "token": "b-\(secret)"}]}
        """
    }

    private func run(_ words: [String], _ metadata: String) throws -> ChildProcess.Ended {
        try ChildProcess(
            [Programs.path("os-apply-config")] + words
                + ["-t", "t", "-m", metadata, "--fallback-metadata", "-o", "out"], in: directory.path,
            environment: ["PATH": "/usr/bin:/bin", "OS_APPLY_CONFIG_CHANGED": directory.file("changed")]
        ).run()
    }

    private func expectNoSecret(_ text: String, _ what: String) {
        for secret in [Self.old, Self.new, "base64-line-number-one", "base64-line-number-two"] {
            #expect(!text.contains(secret), "\(what): \(text)")
        }
    }

    @Test(
        "in no output of a subcommand, before and after a rotation, and when it is gone",
        arguments: [
            ["diff"], ["diff", "--format", "json"], ["diff", "--stat"], ["lint"],
            ["lint", "--format", "json"],
            ["lint", "--keys"], ["explain", "db.password"], ["explain", "db"], ["explain", "users.1"],
            ["explain", "db.url"], ["explain", "etc/plain"], ["explain", "etc/whole"],
            ["explain", "etc/program"],
            ["explain", "etc/loop", "--format", "json"], ["explain", "etc/url:1"],
        ])
    func subcommands(words: [String]) throws {
        for metadata in ["old.json", "new.json", "gone.json"] {
            let ended = try run(words, metadata)
            expectNoSecret(ended.text + ended.errorText, "\(words) \(metadata)")
            if words == ["diff"], metadata != "gone.json" { #expect(ended.text.contains("‹db.password›")) }
        }
        #expect(try run(["--log-file", directory.file("log")], "old.json").status == 0)
        for metadata in ["new.json", "gone.json", "old.json"] {
            let ended = try run(words, metadata)
            expectNoSecret(ended.text + ended.errorText, "\(words) \(metadata) after old.json")
        }
    }

    @Test("nor when its template asks for it no more, and no metadata has it: its line names it")
    func forgotten() throws {
        #expect(try run(["--log-file", "none"], "old.json").status == 0)
        try directory.write("t/etc/plain", "port = 7\nnothing = here\n")
        let ended = try run(["diff"], "gone.json")
        expectNoSecret(ended.text, "forgotten")
        #expect(ended.text.contains("+port = 7"))
    }

    @Test("--show-secrets shows it, so the test above can see one")
    func shown() throws {
        #expect(try run(["diff", "--show-secrets"], "old.json").text.contains(Self.old))
        #expect(try run(["explain", "db.password", "--show-secrets"], "old.json").text.contains(Self.old))
    }

    @Test("in no error and no log, whatever fails")
    func errors() throws {
        try directory.write("t/etc/program", "#!/bin/sh\ncat; cat >&2; exit 1\n", mode: 0o755)
        try directory.write("t/etc/program2", "#!/bin/sh\ncat >&2; exit 1\n", mode: 0o755)
        let failing = try run(["--log-file", directory.file("log"), "--strict"], "old.json")
        #expect(failing.status == 1)
        #expect(failing.errorText.contains("‹db.password›"))
        expectNoSecret(failing.text + failing.errorText + (directory.text("log") ?? ""), "a failing program")
        try FileManager.default.removeItem(atPath: directory.file("t/etc/program"))
        try FileManager.default.removeItem(atPath: directory.file("t/etc/program2"))
        try directory.write("t/etc/plain.oac", "check: cat {{src}}; cat {{src}} >&2; false\n")
        let checked = try run(["--log-file", directory.file("log"), "--log-format", "json"], "old.json")
        #expect(checked.status == 1)
        #expect(checked.errorText.contains("‹db.password›"))
        expectNoSecret(checked.text + checked.errorText + (directory.text("log") ?? ""), "a failing check")
        try directory.write("broken.json", "{\"password\": \"\(Self.old)\" \"x\": 1}")
        let broken = try run(["--log-file", "none"], "broken.json")
        #expect(broken.status == 1)
        expectNoSecret(broken.errorText, "broken metadata")
        let typed = try run(["--log-file", "none", "--key", "db.password", "--type", "int"], "old.json")
        #expect(typed.status == 1)
        expectNoSecret(typed.errorText, "a wrong type")
    }

    @Test("in no output of test, whichever way a case fails")
    func cases() throws {
        try directory.write("e/os-apply-config/etc/x", "password = {{db.password}}\nuser = {{users}}\n")
        try directory.write("e/tests/rotated/metadata.json", Self.metadata(Self.new, port: 1))
        try directory.write("e/tests/rotated/expected/etc/x", "password = \(Self.old)\nuser = \(Self.old)\n")
        try directory.write("e/tests/gone/metadata.json", "{}")
        try directory.write("e/tests/gone/expected/etc/x", "password = \(Self.old)\n")
        try directory.write("e/tests/extra/metadata.json", Self.metadata(Self.new, port: 1))
        try directory.write("e/tests/extra/expected/other", "\(Self.old)\n")
        let report = directory.file("junit.xml")
        let ended = try ChildProcess(
            [Programs.path("os-apply-config"), "test", "e", "--junit", report], in: directory.path
        ).run()
        #expect(ended.status == 1)
        #expect(ended.text.contains("3 cases, 3 failed"))
        expectNoSecret(ended.text + ended.errorText + (directory.text("junit.xml") ?? ""), "test")
    }

    @Test("not on the terminal of watch, over a rotation and an error")
    func watch() throws {
        try directory.write("w.json", Self.metadata(Self.old, port: 1))
        let watcher = try WatchedProgram(
            ["-t", "t", "-m", "w.json", "--fallback-metadata", "-o", "out"], in: directory)
        defer { watcher.end() }
        #expect(watcher.shows("‹db.password›"))
        try directory.write("w.json", Self.metadata(Self.new, port: 2))
        #expect(watcher.shows("+port = 2"))
        try directory.write("t/etc/program", "#!/bin/sh\ncat >&2; exit 1\n", mode: 0o755)
        #expect(watcher.shows("config script failed"))
        expectNoSecret(watcher.text, "watch")
    }
}
