// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("A run of os-refresh-config: limits, lock, signals, and what is told of it")
struct RefreshRunTests {
    // MARK: The lock

    @Test("RR1: the lock file names its holder while it is held, and is closed to others")
    func lockFile() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.directory.write("lock", "old", mode: 0o666)
        try sandbox.hook("configure.d/10-a", "cat lock; stat -c %a lock; cut -d' ' -f1-4 lock")
        let ended = try sandbox.run()
        #expect(ended.text.contains("Locked by pid "))
        #expect(ended.text.contains("600\n"))
        #expect(sandbox.directory.text("lock") == "")
    }

    @Test("RR1: a daemon that a hook leaves behind does not hold the lock")
    func lockAndDaemon() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "setsid sleep 60 > /dev/null 2>&1 < /dev/null & echo $! > pid")
        #expect(try sandbox.run().status == 0)
        #expect(sandbox.isAlive("pid"))
        try sandbox.hook("configure.d/10-a", "")
        #expect(try sandbox.run().status == 0)
        sandbox.end("pid")
    }

    @Test(
        "RR2: who waits for the lock gets it when it is free, and gives up with 11 when it is not; both say who has it"
    )
    func waiting() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "mkfifo gate; read line < gate")
        let first = try sandbox.program([]).start(
            output: "/dev/null", errorOutput: sandbox.directory.file("err"))
        #expect(eventually { (try? sandbox.hooks().count) == 1 && sandbox.directory.tree().contains("gate") })
        let refused = try sandbox.run("--wait", "0.2")
        #expect(refused.status == 11)
        #expect(refused.errorText.contains("(Locked by pid \(first.id) since "))
        #expect(try sandbox.run().status == 11)
        let second = try sandbox.program(["--wait", "30", "--phase", "migration"]).start(
            output: "/dev/null", errorOutput: sandbox.directory.file("second"))
        #expect(
            eventually {
                sandbox.directory.text("second")?.contains("Waiting for another run to end") == true
            })
        try sandbox.directory.open("gate")
        #expect(first.wait(limit: 20) == 0)
        #expect(second.wait(limit: 20) == 0)
    }

    @Test("RR2: a signal ends the waiting for the lock")
    func signalWhileWaiting() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "mkfifo gate; read line < gate")
        let first = try sandbox.program([]).start(
            output: "/dev/null", errorOutput: sandbox.directory.file("err"))
        #expect(eventually { sandbox.directory.tree().contains("gate") })
        let second = try sandbox.program(["--wait", "60"]).start(
            output: "/dev/null", errorOutput: sandbox.directory.file("second"))
        #expect(eventually { sandbox.directory.text("second")?.contains("Waiting") == true })
        second.signal(SIGTERM)
        #expect(second.wait(limit: 20) == 143)
        try sandbox.directory.open("gate")
        #expect(first.wait(limit: 20) == 0)
    }

    // MARK: Errors

    @Test(
        "RR3: error.d is told phase, hook, result, and exit status or signal",
        arguments: [
            ("exit 3", [], "configure configure.d/10-a exit-code 3 -"),
            ("kill -9 $$", [], "configure configure.d/10-a signal 137 9"),
            ("sleep 60", ["--hook-timeout", "0.3"], "configure configure.d/10-a timeout 124 -"),
            ("sleep 60", ["--timeout", "1"], "configure configure.d/10-a timeout 124 -"),
        ])
    func errorHandlers(script: String, words: [String], told: String) throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", script)
        try sandbox.hook(
            "error.d/10-e",
            "echo $OS_REFRESH_CONFIG_FAILED_PHASE ${OS_REFRESH_CONFIG_FAILED_HOOK#*/base/} "
                + "$OS_REFRESH_CONFIG_RESULT $OS_REFRESH_CONFIG_EXIT_STATUS ${OS_REFRESH_CONFIG_SIGNAL--}")
        let ended = try sandbox.program(words).run()
        #expect(ended.status == 1)
        #expect(ended.text == told + "\n")
        #expect(try sandbox.hooks().last?.name == "error/10-e")
    }

    @Test("RR3: hooks are run without dib-run-parts, find, sort or bash in PATH, and none is started")
    func processes() throws {
        let sandbox = try RefreshSandbox()
        mkdir(sandbox.directory.file("base/environment.d"), 0o755)
        try sandbox.directory.write("base/environment.d/is~no~name", "exit 1\n")
        for name in ["10-a", "20-b"] { try sandbox.hook("configure.d/\(name)", "", interpreter: "/bin/true") }
        var program = sandbox.program([], ["PATH": "/nowhere"])
        program.arguments =
            ["/usr/bin/strace", "-f", "-qq", "-e", "trace=execve", "-o", "trace"] + program.arguments
        #expect(try program.run().status == 0)
        let started = sandbox.directory.text("trace")?.split(separator: "\n").filter {
            $0.contains("execve(")
        }
        // RR12: bash is not either, as there is nothing to source.
        #expect(started?.count == 3, "\(started ?? [])")
    }

    // MARK: Limits

    @Test(
        "RR4: what earlier hooks left behind stays when a hook is ended for its time, and what that one started goes"
    )
    func daemons() throws {
        let sandbox = try RefreshSandbox()
        let daemon = "setsid sh -c 'echo $$ > NAME; exec sleep 60' > /dev/null 2>&1 < /dev/null &"
        try sandbox.hook("configure.d/10-a", daemon.replacing("NAME", with: "first"))
        try sandbox.hook(
            "configure.d/20-b",
            "(\(daemon.replacing("NAME", with: "second"))) ; while [ ! -s second ]; do sleep 0.01; done; sleep 60"
        )
        #expect(try sandbox.run("--hook-timeout", "2").status == 1)
        #expect(sandbox.isAlive("first"))
        #expect(!sandbox.isAlive("second"))
        sandbox.end("first")
    }

    @Test("RR4: hooks of error.d are ended when their own time is over")
    func errorLimit() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "exit 1")
        try sandbox.hook("error.d/10-e", "echo $$ > pid; sleep 60")
        try sandbox.hook("error.d/20-f", "echo never")
        let ended = try sandbox.run("--error-timeout", "0.5")
        #expect(ended.status == 1)
        #expect(ended.text == "")
        #expect(!sandbox.isAlive("pid"))
        #expect(try sandbox.result() == "failed")
    }

    @Test("RR4: the time limit of the run does not count for error.d, which has its own")
    func separateLimits() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "sleep 0.8; exit 1")
        try sandbox.hook("error.d/10-e", "sleep 0.6; echo handled")
        #expect(try sandbox.run("--timeout", "1", "--error-timeout", "0").text == "handled\n")
        #expect(try sandbox.run("--timeout", "1", "--error-timeout", "20").text == "handled\n")
    }

    @Test("a hook that ends well when it is asked to end, since the time is over, has failed")
    func obedient() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "trap 'exit 0' TERM; while :; do sleep 0.05; done")
        try sandbox.hook("configure.d/20-b", "echo never")
        for words in [["--timeout", "1"], ["--hook-timeout", "0.5"]] {
            let ended = try sandbox.program(words).run()
            #expect(ended.status == 1)
            #expect(ended.text == "")
            #expect(try sandbox.hooks().map(\.result) == ["timeout"])
        }
    }

    @Test("what a hook starts to clean up behind itself, when it is asked to end, gets to its end")
    func cleaning() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook(
            "configure.d/10-a",
            """
            work=$(mktemp -d)
            trap 'sh -c "sleep 0.5; rm -r $work; touch cleaned"' EXIT
            trap 'exit 143' TERM
            echo "$work" > work
            while :; do sleep 0.1; done
            """, interpreter: "/bin/bash")
        #expect(try sandbox.run("--hook-timeout", "0.5").status == 1)
        #expect(sandbox.directory.text("cleaned") != nil)
        let work = try #require(sandbox.directory.text("work")).trimmingCharacters(in: .newlines)
        #expect(!FileManager.default.fileExists(atPath: work))
    }

    @Test(
        "RR4: a daemon's workers stay too, though they have lost their parent and say nothing of their origin"
    )
    func daemonWorkers() throws {
        let sandbox = try RefreshSandbox()
        let worker = #"(sh -c 'echo \$\$ > worker; exec sleep 60' &)"#
        try sandbox.hook(
            "configure.d/10-a",
            "env -i setsid sh -c \"while [ ! -e go ]; do sleep 0.01; done; \(worker); exec sleep 60\" > /dev/null 2>&1 < /dev/null & echo $! > daemon"
        )
        try sandbox.hook("configure.d/20-b", "touch go; while [ ! -s worker ]; do sleep 0.01; done; sleep 60")
        #expect(try sandbox.run("--hook-timeout", "1").status == 1)
        #expect(sandbox.isAlive("worker"))
        for name in ["worker", "daemon"] { sandbox.end(name) }
    }

    // MARK: Signals

    @Test("a signal that comes twice in a moment, as from timeout(1), counts once: the hook cleans up")
    func echoedSignal() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook(
            "configure.d/10-a",
            "trap 'sleep 0.3; touch cleaned; exit 1' TERM; echo $$ > pid; while :; do sleep 0.05; done")
        let process = try sandbox.program([]).start(
            output: "/dev/null", errorOutput: sandbox.directory.file("err"))
        #expect(eventually { sandbox.isAlive("pid") })
        for _ in 0..<5 { process.signal(SIGTERM) }
        #expect(process.wait(limit: 20) == 143)
        #expect(sandbox.directory.text("cleaned") != nil)
    }

    @Test("log lines that nobody reads do not keep a signal from ending the run")
    func unreadLog() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo $$ > pid; exec sleep 60")
        let pipe = Pipe()
        let end = pipe.fileHandleForWriting.fileDescriptor
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
        let filler = [UInt8](repeating: 0x78, count: 65536)
        while write(end, filler, filler.count) > 0 {}
        while write(end, filler, 1) > 0 {}
        _ = fcntl(end, F_SETFL, 0)
        let process = try sandbox.program([]).start(
            output: "/dev/null", errorOutput: "", errorDescriptor: end)
        #expect(eventually { (try? sandbox.hooks().count) == 1 })
        process.signal(SIGTERM)
        #expect(process.wait(limit: 20) == 143)
        try pipe.fileHandleForReading.close()
    }

    @Test(
        "a signal ends the hook and the run, with 128 + n and a record that says so",
        arguments: [
            SIGTERM, SIGINT, SIGHUP,
        ])
    func signal(number: Int32) throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo $$ > pid; sleep 60")
        try sandbox.hook("error.d/10-e", "echo never")
        let process = try sandbox.program([]).start(
            output: sandbox.directory.file("out"), errorOutput: sandbox.directory.file("err"))
        #expect(eventually { sandbox.isAlive("pid") })
        process.signal(number)
        #expect(process.wait(limit: 20) == 128 + number)
        #expect(!sandbox.isAlive("pid"))
        #expect(try sandbox.result() == "stopped")
        #expect(try sandbox.hooks().first?.result == "stopped")
        #expect(sandbox.directory.text("out") == "")
        #expect(try sandbox.run("status").status == 1)
    }

    @Test("a second signal waits no longer for a hook that does not want to end")
    func impatience() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook(
            "configure.d/10-a", "trap 'echo asked > asked' TERM; echo $$ > pid; while :; do sleep 0.1; done")
        let process = try sandbox.program([]).start(
            output: "/dev/null", errorOutput: sandbox.directory.file("err"))
        #expect(eventually { sandbox.isAlive("pid") })
        process.signal(SIGTERM)
        #expect(eventually { sandbox.directory.text("asked") != nil })
        // What comes in the same second is taken for the first.
        let before = Date()
        #expect(eventually { Date().timeIntervalSince(before) > 1.1 })
        process.signal(SIGTERM)
        #expect(process.wait(limit: 20) == 143)
        #expect(Date().timeIntervalSince(before) < 4)
        #expect(!sandbox.isAlive("pid"))
    }

    @Test(
        "a run that is killed is told as interrupted, with the hook that it was at, and keeps no other from running"
    )
    func killed() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo $$ > pid; sleep 60")
        let process = try sandbox.program([]).start(
            output: "/dev/null", errorOutput: sandbox.directory.file("err"))
        #expect(eventually { sandbox.isAlive("pid") })
        let running = try sandbox.run("status")
        #expect(running.status == 3)
        #expect(running.text.contains("run 1: running\n"))
        process.signal(SIGKILL)
        #expect(process.wait(limit: 20) == -SIGKILL)
        let interrupted = try sandbox.run("status")
        #expect(interrupted.status == 1)
        #expect(interrupted.text.contains("run 1: interrupted\n"))
        #expect(interrupted.text.contains("cut off   configure.d/10-a\n"))
        sandbox.end("pid")
        try sandbox.hook("configure.d/10-a", "")
        #expect(try sandbox.run().status == 0)
        #expect(try sandbox.run("status").status == 0)
    }

    @Test("as process 1 of a container orphans are reaped, and SIGTERM ends the run")
    func processOne() throws {
        guard geteuid() == 0 else { return }
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "for i in 1 2 3; do setsid sh -c 'true &' ; done; sleep 0.2")
        try sandbox.hook(
            "configure.d/20-b",
            "sleep 0.2; grep -l '^State:.Z' /proc/[0-9]*/status; cat /proc/1/comm; echo ready > ready; sleep 60"
        )
        var program = sandbox.program([])
        program.arguments =
            ["/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount-proc"] + program.arguments
        let process = try program.start(
            output: sandbox.directory.file("out"), errorOutput: sandbox.directory.file("err"))
        #expect(eventually { sandbox.directory.text("ready") != nil })
        #expect(sandbox.directory.text("out") == "os-refresh-conf\n")
        // The program is the child of unshare.
        let children = try #require(
            FileManager.default.contents(atPath: "/proc/\(process.id)/task/\(process.id)/children"))
        let inner = try #require(
            pid_t(String(decoding: children, as: UTF8.self).trimmingCharacters(in: .whitespaces)))
        kill(inner, SIGTERM)
        #expect(process.wait(limit: 20) == 143)
        #expect(try sandbox.result() == "stopped")
    }

    @Test("a signal that whoever started us ignores does not end the run, as under nohup")
    func ignoredSignal() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "kill -HUP $PPID; echo done")
        var program = sandbox.program([])
        program.arguments = ["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh"] + program.arguments
        let ended = try program.run()
        #expect(ended.status == 0)
        #expect(ended.text == "done\n")
    }

    // MARK: environment.d

    @Test(
        "RR6, RR8: an empty environment.d is nothing; names that are numbered otherwise than they are ordered are warned of"
    )
    func environment() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo $ORDER")
        mkdir(sandbox.directory.file("base/environment.d"), 0o755)
        #expect(try sandbox.run().status == 0)
        for name in ["9-a", "10-b"] {
            try sandbox.directory.write("base/environment.d/\(name)", "export ORDER=\"${ORDER-} \(name)\"\n")
        }
        let ended = try sandbox.run()
        #expect(ended.text == "10-b 9-a\n")
        #expect(ended.errorText.contains("environment.d: 10-b is read before 9-a"))
        try sandbox.directory.write("base/environment.d/9-a", "")
        #expect(try sandbox.run("--log-level", "ERROR").errorText == "")
    }

    @Test("RR10: no value of environment.d reaches a log or a record, at any level")
    func secrets() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "test \"$TOKEN\" = s3cr3t-value; echo 'not this: s3cr3t' >&2")
        try sandbox.directory.write("base/environment.d/10-a", "export TOKEN=s3cr3t-value\n")
        let ended = try sandbox.run("--log-level", "DEBUG", "--capture")
        #expect(ended.status == 0)
        #expect(!ended.errorText.contains("s3cr3t-value"))
        let record = sandbox.directory.tree().first { $0.hasSuffix(".jsonl") }
        #expect(sandbox.directory.text(record ?? "")?.contains("s3cr3t-value") == false)
        #expect(sandbox.directory.text(record ?? "")?.contains("not this") == true)
    }

    @Test("RR12: files of environment.d are bash, may print, and hand their values over byte for byte")
    func bash() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook(
            "configure.d/10-a", "printf '%s|' \"$A\" \"$B\"; env | grep -c '^declared'",
            interpreter: "/bin/bash")
        try sandbox.directory.write(
            "base/environment.d/10-a",
            "echo printed; a=(x y); export A=\"${a[1]}\" B=$'1\\n2'\nlocal declared=1\n")
        let ended = try sandbox.run("--log-level", "ERROR")
        #expect(ended.text == "printed\ny|1\n2|0\n")
    }

    @Test("a file of environment.d that fails is named, since bash often says nothing")
    func failingEnvironment() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo never")
        for name in ["10-a", "30-c"] {
            try sandbox.directory.write("base/environment.d/\(name)", "export V=1\n")
        }
        try sandbox.directory.write("base/environment.d/20-b", "test -e /no/such/file\n")
        let ended = try sandbox.run()
        #expect(ended.status == 1)
        #expect(ended.text == "")
        #expect(
            ended.errorText.contains(
                "bash ended in \(sandbox.directory.file("base/configure.d"))/../environment.d/20-b\n"))
        #expect(try sandbox.hooks().map(\.status) == [1])
    }

    @Test("an environment.d that cannot be read is not taken for an empty one; many files are no hindrance")
    func unreadableEnvironment() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo $LAST")
        for number in 1...1500 {
            try sandbox.directory.write(
                "base/environment.d/a-file-with-a-long-name-for-many-of-them-\(number)",
                "export LAST=\(number)\n")
        }
        #expect(try sandbox.run().text == "999\n")
        guard geteuid() == 0 else { return }
        chmod(sandbox.directory.file("base/environment.d"), 0)
        chmod(sandbox.directory.path, 0o777)
        var program = sandbox.program([])
        program.arguments =
            ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
            + program.arguments.dropLast() + [sandbox.directory.file("nobodys")]
        let ended = try program.run()
        #expect(ended.status == 1)
        #expect(ended.text == "")
        #expect(ended.errorText.contains("/environment.d: Permission denied"))
    }

    // MARK: What changed

    @Test("groups of files that changed stay told until a whole run has succeeded")
    func changedGroups() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook(
            "configure.d/10-a", "if [ -e change ]; then rm change; echo web >> $OS_APPLY_CONFIG_CHANGED; fi")
        try sandbox.hook("configure.d/20-b", "exit $STATUS")
        try sandbox.hook("post-configure.d/10-c", "cat $OS_APPLY_CONFIG_CHANGED 2> /dev/null; exit 0")
        let run = { (status: String, words: [String]) in
            try sandbox.program(words, ["STATUS": status]).run().text
        }
        try sandbox.directory.write("change", "")
        #expect(try run("1", []) == "")
        #expect(try run("0", ["--phase", "post-configure"]) == "web\n")
        #expect(try run("0", []) == "web\n")
        #expect(try run("0", []) == "")
        // A run in which hooks were passed over has not done all that was to do.
        try sandbox.directory.write("change", "")
        #expect(try run("1", []) == "")
        for variables in [["RUN_PARTS_REGEX": "["], ["OS_REFRESH_CONFIG_BASE_DIR": "/no/such/base"]] {
            #expect(try sandbox.program([], variables).run().status == 0)
        }
        #expect(try run("0", []) == "web\n")
        // Where there is no state directory, a run has the file for itself; nor is another's link followed.
        try sandbox.directory.write("change", "")
        symlink("elsewhere", sandbox.directory.file("state/changed"))
        #expect(try run("0", []) == "web\n")
        #expect(sandbox.directory.text("elsewhere") == nil)
        try sandbox.directory.write("change", "")
        #expect(try run("0", ["--state-dir", "/dev/null/none"]) == "web\n")
        #expect(sandbox.directory.tree().filter { $0.hasPrefix("tmp/") }.isEmpty)
    }

    // MARK: What is not run

    @Test(
        "RR11: files that look like hooks and are not run are named, and hooks may have blanks in their directory"
    )
    func skipped() throws {
        let sandbox = try RefreshSandbox()
        for name in ["10-a", "20-b.sh", ".hidden"] {
            try sandbox.hook("my base/configure.d/\(name)", "echo \(name)")
        }
        try sandbox.directory.write("base/my base/configure.d/30-c", "")
        let ended = try sandbox.program(
            [], ["OS_REFRESH_CONFIG_BASE_DIR": sandbox.directory.file("base/my base")]
        ).run()
        #expect(ended.text == "10-a\n")
        #expect(ended.errorText.contains("my base/configure.d: not run ('list' says why): 20-b.sh, 30-c\n"))
    }

    @Test("RR5: one phase, or all from a hook on, can be run alone")
    func selection() throws {
        let sandbox = try RefreshSandbox()
        for hook in ["pre-configure.d/10-a", "configure.d/10-a", "configure.d/20-b", "migration.d/30-c"] {
            try sandbox.hook(hook, "echo ${0##*/base/}")
        }
        #expect(try sandbox.run("--phase", "configure").text == "configure.d/10-a\nconfigure.d/20-b\n")
        #expect(try sandbox.run("--from", "20-b").text == "configure.d/20-b\nmigration.d/30-c\n")
        #expect(
            try sandbox.run("--from", "configure/10-a", "--phase", "configure", "--phase", "migration").text
                == "configure.d/10-a\nconfigure.d/20-b\nmigration.d/30-c\n")
        let unclear = try sandbox.run("--from", "10-a")
        #expect(unclear.status == 2)
        #expect(unclear.errorText.contains("which hook is meant: pre-configure/10-a, configure/10-a?"))
        #expect(try sandbox.run("--from", "99-z").status == 2)
        let plan = try sandbox.run("--dry-run", "--from", "configure.d/20-b")
        #expect(
            plan.text.replacing(sandbox.directory.path, with: "")
                == "/base/configure.d/20-b\n/base/migration.d/30-c\n")
    }

    // MARK: Records

    @Test("RR7: neither a run that succeeds nor one that fails leaves anything in TMPDIR")
    func leftovers() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "exit $STATUS")
        try sandbox.directory.write("base/environment.d/10-a", "export V=1\n")
        for status in ["0", "1"] {
            #expect(try sandbox.program([], ["STATUS": status]).run().status == Int32(status))
            #expect(sandbox.directory.tree().filter { $0.hasPrefix("tmp/") }.isEmpty)
        }
    }

    @Test("the records of the last runs are kept, 0600, and no more")
    func keptRecords() throws {
        let sandbox = try RefreshSandbox()
        for _ in 1...4 { #expect(try sandbox.run("--keep-records", "2").status == 0) }
        let records = { sandbox.directory.tree().filter { $0.hasSuffix(".jsonl") } }
        #expect(records() == ["state/runs/00000003.jsonl", "state/runs/00000004.jsonl"])
        var status = stat()
        stat(sandbox.directory.file(records()[0]), &status)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(try sandbox.run("--keep-records", "0").status == 0)
        #expect(records().count == 2)
    }

    @Test("a record that cannot be written is a warning, and the run goes on", arguments: ["file", "full"])
    func unwritableRecord(kind: String) throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo ran")
        if kind == "file" {
            try sandbox.directory.write("state", "a file")
            let ended = try sandbox.run()
            #expect(ended.status == 0)
            #expect(ended.text == "ran\n")
            #expect(ended.errorText.contains("this run leaves no record, ignoring"))
        } else {
            // No file may grow beyond its first lines: as on a full disk.
            try sandbox.hook(
                "configure.d/90-z", "\(Programs.path("os-refresh-config")) status > /dev/null; echo $?")
            for number in 10..<30 { try sandbox.hook("configure.d/\(number)-b", "") }
            var program = sandbox.program([])
            program.arguments = ["/bin/bash", "-c", "ulimit -f 1; exec \"$@\"", "sh"] + program.arguments
            let ended = try program.run()
            #expect(ended.status == 0)
            #expect(ended.text == "ran\n3\n")
            #expect(ended.errorText.contains("the record of this run ends here, ignoring"))
            // How it ended is told all the same.
            #expect(try sandbox.run("status").status == 0)
        }
    }

    @Test("the record has the durations of hooks and of the run, in microseconds")
    func durations() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "sleep 0.2")
        #expect(try sandbox.run().status == 0)
        let lines = try sandbox.record()
        let hook = try #require(lines.first { $0["type"] as? String == "hook" })
        #expect((200_000..<5_000_000).contains(hook["duration_us"] as? Int ?? 0))
        let end = try #require(lines.last)
        #expect((end["duration_us"] as? Int ?? 0) >= (hook["duration_us"] as? Int ?? 0))
    }
}

extension TemporaryDirectory {
    /// Lets a hook go on that reads the FIFO `name`.
    func open(_ name: String) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file(name)))
        try handle.write(contentsOf: Data("\n".utf8))
        try handle.close()
    }
}
