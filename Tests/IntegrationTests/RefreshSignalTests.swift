// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Signals end a run of os-refresh-config, and what it started")
struct RefreshSignalTests {
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
}
