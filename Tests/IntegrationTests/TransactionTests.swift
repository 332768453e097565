// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("An apply is all or nothing", .serialized)
struct TransactionTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("m.json", #"{"v": "new", "n": {"host": "h"}}"#)
        try directory.write("t/etc/a", "{{v}} a\n")
        try directory.write("t/etc/b", "{{v}} b\n")
    }

    private static let words = ["-t", "t", "-m", "m.json", "--fallback-metadata", "-o", "out"]

    private func command(_ extra: [String] = [], prefix: [String] = []) -> ChildProcess {
        ChildProcess(
            prefix + [Programs.path("os-apply-config"), "--log-file", "none"] + Self.words + extra,
            in: directory.path)
    }

    private func apply(_ extra: String...) throws -> ChildProcess.Ended { try command(extra).run() }

    /// The system calls of an apply that are among `names`.
    private func calls(_ names: String, _ extra: String...) throws -> [String] {
        let tracer = ["/usr/bin/strace", "-f", "-qq", "-o", directory.file("trace"), "-e", "trace=\(names)"]
        #expect(try command(extra, prefix: tracer).run().status == 0)
        return (directory.text("trace") ?? "").split(separator: "\n").map(String.init)
    }

    private func status(_ name: String) -> stat {
        var status = stat()
        lstat(directory.file(name), &status)
        return status
    }

    @Test("what is unchanged is not touched: no write, no rename, no sync (D4, BUG 16)")
    func unchanged() throws {
        #expect(try apply().status == 0)
        let before = status("out/etc/a")
        let parent = status("out/etc")
        let changes =
            "openat,openat2,renameat,renameat2,rename,fsync,fdatasync,syncfs,unlinkat,mkdirat,fchmod,fchown,utimensat"
        let made = try calls(changes).filter { call in
            let opens = call.contains("open")
            return !opens
                || (call.contains("O_CREAT") || call.contains("O_WRONLY") || call.contains("O_RDWR"))
        }
        // The lock of a killed run is looked for, and not found.
        #expect(made.filter { !$0.contains(".os-config.lock") }.isEmpty, "\(made)")
        let after = status("out/etc/a")
        #expect(after.st_ino == before.st_ino && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
        #expect(status("out/etc").st_mtim.tv_nsec == parent.st_mtim.tv_nsec)
    }

    @Test(
        "a few files are synchronised one by one, many with their file system, and none with --no-sync (D1, BUG 17)"
    )
    func durability() throws {
        let names = "fsync,fdatasync,syncfs"
        let few = try calls(names)
        #expect(few.count { $0.contains("fdatasync") } == 2 && !few.contains { $0.contains("syncfs") })
        #expect(few.contains { $0.contains("fsync(") })
        for index in 0..<40 { try directory.write("t/etc/many/f\(index)", "{{v}}") }
        let many = try calls(names)
        #expect(many.contains { $0.contains("syncfs") } && !many.contains { $0.contains("fdatasync") })
        try directory.write("m.json", #"{"v": "newer"}"#)
        #expect(try calls(names, "--no-sync").isEmpty)
    }

    @Test("two runs on one root take turns, and leave no lock behind")
    func turns() throws {
        mkfifo(directory.file("gate"), 0o600)
        try directory.write("t/etc/a.oac", "check: read line < \(directory.file("gate")); test -f {{src}}\n")
        let first = try command().start(output: directory.file("1"), errorOutput: directory.file("1e"))
        #expect(eventually { directory.tree().contains("out/.os-config.lock") })
        #expect(status("out/.os-config.lock").st_mode & 0o777 == 0o600)
        try directory.write("m2.json", #"{"v": "second"}"#)
        let second = try command(["-m", "m2.json"]).start(
            output: directory.file("2"), errorOutput: directory.file("2e"))
        #expect(eventually { directory.text("2e")?.contains("another run is changing the files") == true })
        #expect(directory.text("out/etc/a") == nil)
        // What it read before its turn is out of date by then.
        try directory.write("m2.json", #"{"v": "third"}"#)
        try "go\n".write(toFile: directory.file("gate"), atomically: false, encoding: .utf8)
        #expect(first.wait(limit: 20) == 0)
        try "go\n".write(toFile: directory.file("gate"), atomically: false, encoding: .utf8)
        #expect(second.wait(limit: 20) == 0)
        #expect(directory.text("out/etc/a") == "third a\n")
        #expect(!directory.tree().contains { $0.contains(".os-config.") })
    }

    @Test("a signal ends a run with its check, and nothing is left behind", arguments: [SIGINT, SIGTERM])
    func signals(signal: Int32) throws {
        let gate = directory.file("gate")
        mkfifo(gate, 0o600)
        try directory.write(
            "t/etc/a.oac", "check: echo $$ > \(directory.file("pid")); read x < \(gate); test -f {{src}}\n")
        let run = try command().start(output: directory.file("1"), errorOutput: directory.file("1e"))
        #expect(eventually { directory.text("pid")?.hasSuffix("\n") == true })
        let check = try #require(pid_t(directory.text("pid")?.dropLast() ?? ""))
        run.signal(signal)
        #expect(run.wait(limit: 20) == -signal)
        #expect(eventually { kill(check, 0) != 0 })
        #expect(directory.text("1e")?.contains("interrupted, nothing was changed") == true)
        #expect(!directory.tree().contains { $0.hasPrefix("out") })
    }

    @Test("a lock that a killed run left is cleared, by a run without changes too; a held one stays")
    func abandonedLock() throws {
        #expect(try apply().status == 0)
        try directory.write("out/.os-config.lock", "", mode: 0o600)
        try directory.write("out/etc/.os-config.abc-1.tmp", "half", mode: 0o600)
        #expect(try apply().status == 0)
        #expect(!directory.tree().contains { $0.contains(".os-config.") })
    }

    @Test("more directories and files than a process may have open at first are no matter")
    func manyFiles() throws {
        for index in 0..<150 {
            try directory.write("t/many/d\(index)/f", "{{v}}")
            try directory.write("t/many/d\(index)/f.oac", "check: test -s {{src}}\n")
        }
        let few = ["/bin/sh", "-c", "ulimit -Sn 64; exec \"$@\"", "sh"]
        let ended = try command(prefix: few).run()
        #expect(ended.status == 0, "\(ended.errorText)")
        #expect(directory.text("out/many/d149/f") == "new")
        let again = try command(prefix: few).run()
        #expect(again.status == 0 && !again.errorText.contains("writing"))
    }

    @Test("a file of somebody else's with a name much like ours stays")
    func foreignTemporary() throws {
        try directory.write("out/etc/.os-config.backup.tmp", "mine")
        #expect(try apply().status == 0)
        #expect(directory.text("out/etc/.os-config.backup.tmp") == "mine")
    }

    @Test("a run that waits outlives one that fails and takes the root with it")
    func rootThatGoes() throws {
        mkfifo(directory.file("gate"), 0o600)
        try directory.write(
            "t/etc/a.oac", "check: read line < \(directory.file("gate")); grep -q new {{src}}\n")
        try directory.write("bad.json", #"{"v": "bad"}"#)
        let first = try command(["-m", "bad.json"]).start(
            output: directory.file("1"), errorOutput: directory.file("1e"))
        #expect(eventually { directory.tree().contains("out/.os-config.lock") })
        let second = try command().start(output: directory.file("2"), errorOutput: directory.file("2e"))
        #expect(eventually { directory.text("2e")?.contains("another run is changing the files") == true })
        try "go\n".write(toFile: directory.file("gate"), atomically: false, encoding: .utf8)
        #expect(first.wait(limit: 20) == 1)
        try "go\n".write(toFile: directory.file("gate"), atomically: false, encoding: .utf8)
        #expect(second.wait(limit: 20) == 0, "\(directory.text("2e") ?? "")")
        #expect(directory.text("out/etc/a") == "new a\n")
    }

    @Test("a check that changes what it looks at fails")
    func changingCheck() throws {
        for change in ["echo more >> {{src}}", "chmod 777 {{src}}", "rm {{src}}"] {
            try directory.write("t/etc/a.oac", "mode: 0600\ncheck: \(change)\n")
            let ended = try apply()
            #expect(ended.status == 1)
            #expect(ended.errorText.contains("check of out/etc/a failed: it changed the staged file"))
            #expect(!directory.tree().contains { $0.hasPrefix("out") })
        }
    }

    @Test("a check sees the staged file with its final mode, and may run it")
    func check() throws {
        try directory.write(
            "t/etc/a", "#!/bin/sh\ntest \"$(stat -c %a \"$0\")\" = 700 && grep -q {{v}} \"$0\"\n")
        try directory.write("t/etc/a.oac", "mode: 0700\ncheck: '{{src}}'\n")
        let ended = try apply()
        #expect(ended.status == 0, "\(ended.errorText)")
        try directory.write("t/etc/a", "#!/bin/sh\nexit 3\n")
        let refused = try apply()
        #expect(refused.status == 1)
        #expect(refused.errorText.contains("check of out/etc/a failed: exit status 3"))
        #expect(directory.text("out/etc/a")?.contains("exit 3") == false)
    }

    @Test("nothing is installed when a check fails, and a root that was made for it goes again (D3)")
    func failedCheck() throws {
        try directory.write("t/etc/b.oac", "check: grep -q other {{src}}\n")
        #expect(try apply().status == 1)
        #expect(!directory.tree().contains { $0.hasPrefix("out") })
        try directory.write("t/etc/b.oac", "check: sleep 60 & wait; echo {{src}}\n")
        let slow = try apply("--check-timeout", "0.1")
        #expect(slow.status == 1)
        #expect(slow.errorText.contains("check of out/etc/b failed: not done within 0.1 s"))
        #expect(!directory.tree().contains { $0.hasPrefix("out") })
    }

    @Test("an executable template that takes too long is ended with all that it started (D8)")
    func templateTimeout() throws {
        let pids = directory.file("pids")
        try directory.write(
            "t/etc/p",
            "#!/bin/sh\ntrap '' TERM\necho $$ >> \(pids)\n(setsid sh -c 'echo $$ >> \(pids); trap \"\" TERM; while :; do wait; read x < \(directory.file("never")); done' &)\nread x < \(directory.file("never"))\n",
            mode: 0o755)
        mkfifo(directory.file("never"), 0o600)
        let ended = try apply("--template-timeout", "0.5")
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("config script failed: t/etc/p: not done within 0.5 s"))
        let started = (directory.text("pids") ?? "").split(separator: "\n").compactMap { pid_t($0) }
        #expect(started.count == 2)
        #expect(eventually { started.allSatisfy { kill($0, 0) != 0 } })
    }

    @Test("access control lists, attributes and modes of a target are kept", .enabled(if: hasACL))
    func attributes() throws {
        try directory.write("out/etc/a", "old\n", mode: 0o640)
        let target = directory.file("out/etc/a")
        #expect(try ChildProcess(["/usr/bin/setfacl", "-m", "u:12345:rw", target]).run().status == 0)
        let before = try ChildProcess(["/usr/bin/getfacl", "-cnp", target]).run().text
        #expect(before.contains("user:12345:rw-"))
        #expect(try apply().status == 0)
        #expect(directory.text("out/etc/a") == "new a\n")
        #expect(try ChildProcess(["/usr/bin/getfacl", "-cnp", target]).run().text == before)
    }

    private static let hasACL: Bool = {
        guard let directory = try? TemporaryDirectory(), (try? directory.write("f", "")) != nil else {
            return false
        }
        let set = try? ChildProcess(["/usr/bin/setfacl", "-m", "u:12345:rw", directory.file("f")]).run()
        return set?.status == 0
    }()

    @Test("--strict lists everything that is missing at once, and nothing is installed (D5)")
    func strict() throws {
        try directory.write("t/etc/a", "{{n.hots}} {{nope}}\n{{>gone}}\n{{#section}}{{/section}}")
        try directory.write("t/etc/b", "{{other}}\n")
        let words = ["-m", "m.json", "missing.json", "--strict"]
        let ended = try command(words).run()
        #expect(ended.status == 1)
        for message in [
            "the metadata file missing.json does not exist",
            "t/etc/a:1:1: the key n.hots is missing; did you mean n.host?",
            "t/etc/a:1:12: the key nope is missing", "t/etc/a:2:1: there is no partial gone",
            "t/etc/b:1:1: the key other is missing",
        ] { #expect(ended.errorText.contains("[ERROR] \(message)\n"), "\(ended.errorText)") }
        #expect(!ended.errorText.contains("section"))
        #expect(!directory.tree().contains { $0.hasPrefix("out") })
        let noTemplates = try command(["-t", "none", "--strict"]).run()
        #expect(noTemplates.status == 1)
        #expect(noTemplates.errorText.contains("the template directory none does not exist"))
    }

    @Test("with --strict no partial comes from outside the template root (BUG 12)")
    func confinedPartials() throws {
        try directory.write("outside.mustache", "outside")
        try directory.write("t/inside.mustache", "inside")
        symlink("../../outside.mustache", directory.file("t/etc/link.mustache"))
        try directory.write("t/etc/a", "{{>inside}}")
        try directory.write("t/etc/b", "")
        #expect(try apply("--strict", "--exclude", "link.mustache").status == 0)
        for name in ["../../outside", "link", directory.file("outside")] {
            try directory.write("t/etc/b", "{{>\(name)}}")
            let ended = try apply("--strict", "--exclude", "link.mustache")
            #expect(ended.status == 1)
            #expect(ended.errorText.contains("there is no partial \(name)"))
            #expect(try apply("--exclude", "link.mustache").status == 0)
        }
    }

    @Test("log lines as JSON are objects that hold what the text holds")
    func jsonLog() throws {
        try directory.write("t/etc/c", "{{missing \"key\"}}\n")
        let ended = try apply("--log-format", "json")
        #expect(ended.status == 0)
        let lines = ended.errorText.split(separator: "\n")
        let objects = try lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        }
        #expect(objects.map { $0["level"] } == ["WARNING", "INFO", "INFO", "INFO", "INFO"])
        #expect(objects.first?["message"]?.contains("missing \"key\"") == true)
        #expect(
            objects.allSatisfy { $0["program"] == "os-apply-config" && $0["time"]?.hasSuffix("Z") == true })
    }

    @Test(
        "without /proc the command line is what was given, and what needs no program works",
        .enabled(if: geteuid() == 0, "as root only, who can hide /proc"))
    func withoutProc() throws {
        try directory.write("t/etc/a.oac", "mode: 0600\n")
        let hide = [
            "/usr/bin/unshare", "--mount", "/bin/sh", "-c",
            "mount -t tmpfs none /proc; umask 077; exec \"$@\"", "sh",
        ]
        let ended = try command(prefix: hide).run()
        #expect(ended.status == 0, "\(ended.errorText)")
        #expect(directory.text("out/etc/a") == "new a\n")
        #expect(status("out/etc").st_mode & 0o777 == 0o755)
        let key = try ChildProcess(
            hide + [Programs.path("os-apply-config"), "-m", "m.json", "--key", "v"], in: directory.path
        ).run()
        #expect(key.text == "new\n")
        try directory.write("t/etc/p", "#!/bin/sh\ncat\n", mode: 0o755)
        let program = try command(prefix: hide).run()
        #expect(program.status == 1)
        #expect(program.errorText.contains("cannot run, since /proc is not mounted, t/etc/p"))
    }

    @Test("completions are made for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let ended = try ChildProcess([
            Programs.path("os-apply-config"), "--generate-completion-script", shell,
        ]).run()
        #expect(ended.status == 0)
        for word in ["explain", "show-secrets", "fallback-metadata"] { #expect(ended.text.contains(word)) }
        if shell == "bash" {
            #expect(try ChildProcess(["/bin/bash", "-n"], input: ended.output).run().status == 0)
        }
    }

    @Test("a wrong value of an option is told in a line, with status 2, and 64 in subcommands")
    func wrongValues() throws {
        let ended = try apply("--log-format", "xml")
        #expect(ended.status == 2)
        #expect(ended.errorText.contains("os-apply-config: error: "))
        #expect(ended.errorText.contains("'xml'") && !ended.errorText.contains("CommandError"))
        let diff = try ChildProcess([Programs.path("os-apply-config"), "diff", "--template-timeout", "nan"])
            .run()
        #expect(diff.status == 64 && diff.errorText.contains("'nan'"))
    }

    @Test("a subcommand's name behind -m is refused: a preview that was meant does not install")
    func misplacedSubcommand() throws {
        for name in ["diff", "explain", "lint", "watch", "test", "changed"] {
            let ended = try command(["-m", "m.json", name]).run()
            #expect(ended.status == 2)
            #expect(ended.errorText.contains("there is no file '\(name)'"))
        }
        #expect(!directory.tree().contains { $0.hasPrefix("out") })
        try directory.write("diff", "{}")
        #expect(try command(["-m", "m.json", "diff"]).run().status == 0)
    }
}
