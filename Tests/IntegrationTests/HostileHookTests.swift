// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Hooks that misbehave: the run ends in bounded time and memory, with the right record and status")
struct HostileHookTests {
    typealias HookRecord = RefreshSandbox.HookRecord

    /// A hook, how the run is called, and what has to come of it.
    struct Case: CustomTestStringConvertible {
        let name: String
        let script: String
        var words: [String] = []
        let status: Int32
        let result: String
        let hookStatus: Int
        var testDescription: String { name }
    }

    private static let limited = ["--hook-timeout", "0.5"]

    static let cases: [Case] = [
        Case(
            name: "ignores SIGTERM", script: "trap '' TERM; echo $$ > pid; while :; do sleep 1; done",
            words: limited, status: 1, result: "timeout", hookStatus: 124),
        Case(
            name: "double-forks into a session of its own, and ignores SIGTERM",
            script: """
                setsid sh -c 'setsid sh -c "trap : TERM; echo \\$\\$ > pid; while :; do sleep 1; done" &' &
                while [ ! -s pid ]; do sleep 0.01; done
                sleep 60
                """,
            words: limited, status: 1, result: "timeout", hookStatus: 124),
        Case(
            name: "starts another when it is asked to end",
            script:
                "trap 'setsid sh -c \"echo \\$\\$ > pid; sleep 60\" & exit 0' TERM; while :; do sleep 0.1; done",
            words: limited, status: 1, result: "timeout", hookStatus: 124),
        Case(
            name: "stops itself", script: "echo $$ > pid; kill -STOP $$; echo never", words: limited,
            status: 1, result: "timeout", hookStatus: 124),
        Case(
            name: "lives on in children of children without end",
            script: "trap '' TERM; echo $$ > pid; f() { (sleep 0.02; f) & }; f; sleep 60",
            words: limited, status: 1, result: "timeout", hookStatus: 124),
        Case(
            name: "closes its streams", script: "exec <&- >&- 2>&-; exit 0", status: 0, result: "success",
            hookStatus: 0),
        Case(
            name: "closes its streams where they are pipes", script: "exec <&- >&- 2>&-; exit 0",
            words: ["--prefix", "--capture"], status: 0, result: "success", hookStatus: 0),
        Case(
            name: "fills its pipe and more", script: "head -c 300000 /dev/zero >&2; echo end >&2",
            words: ["--capture"], status: 0, result: "success", hookStatus: 0),
        Case(
            name: "leaves a process behind that holds its streams",
            script: "sleep 60 & echo $! > background", status: 0, result: "success", hookStatus: 0),
        Case(
            name: "leaves a process behind that holds its pipes",
            script: "sleep 60 & echo $! > background", words: ["--prefix"], status: 0, result: "success",
            hookStatus: 0),
        Case(name: "is killed", script: "kill -KILL $$", status: 1, result: "signal", hookStatus: 137),
        Case(
            name: "dies of a signal without a name", script: "kill -40 $$", status: 1, result: "signal",
            hookStatus: 168),
        Case(
            name: "has the largest status", script: "exit 255", status: 1, result: "exit-code",
            hookStatus: 255),
        Case(
            name: "removes itself and its directory",
            script: "rm -r ../base/configure.d base/configure.d; exit 0",
            status: 0, result: "success", hookStatus: 0),
    ]

    @Test("a hook that", arguments: cases)
    func hook(row: Case) throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-hostile", row.script)
        let ended = try sandbox.program(row.words, limit: 30).run(holdingOutput: false)
        #expect(ended.status == row.status, "\(ended.errorText)")
        #expect(
            try sandbox.hooks().map { [$0.name, $0.result ?? "", String($0.status ?? -1)] }
                == [["configure/10-hostile", row.result, String(row.hookStatus)]])
        #expect(try sandbox.result() == (row.status == 0 ? "success" : "failed"))
        if row.script.contains("> pid") { #expect(sandbox.directory.text("pid") != nil) }
        #expect(!sandbox.isAlive("pid"))
        sandbox.end("background")
        #expect(sandbox.processes.isEmpty)
    }

    @Test(
        "programs that are none give the statuses that a shell gives",
        arguments: [
            ("an empty file", "", 0, "success"), ("a line of shell", "exit 4\n", 4, "exit-code"),
            ("a missing interpreter", "#!/no/such/interpreter\n", 127, "not-started"),
            ("an interpreter that is a directory", "#!/usr\n", 126, "not-started"),
            ("half an ELF file", "\u{7F}ELF\u{2}\u{1}\u{1}\u{0}\u{0}", 126, "exit-code"),
        ])
    func noProgram(name: String, text: String, status: Int, result: String) throws {
        let sandbox = try RefreshSandbox()
        try sandbox.directory.write("base/configure.d/10-none", text, mode: 0o755)
        let ended = try sandbox.run()
        #expect(ended.status == (status == 0 ? 0 : 1))
        let hook = try #require(try sandbox.hooks().first)
        #expect(
            hook == HookRecord(name: "configure/10-none", result: result, status: status, errorLines: nil))
    }

    @Test("a hook that is removed while the phase runs could not be started, with status 127")
    func removed() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "rm base/configure.d/20-b")
        try sandbox.hook("configure.d/20-b", "")
        #expect(try sandbox.run().status == 1)
        #expect(try sandbox.hooks().last?.result == "not-started")
        #expect(try sandbox.hooks().last?.status == 127)
        #expect(try sandbox.run("--phase", "migration").status == 0)
    }

    @Test(
        "a gigabyte on standard output passes through us without being kept",
        arguments: [
            ["--prefix"], ["--prefix", "--capture"], ["--parallel", "2"], [],
        ])
    func gigabyte(words: [String]) throws {
        let sandbox = try RefreshSandbox()
        let measure = "sed -n 's/^VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$PPID/status > peak$1"
        try sandbox.hook("configure.d/10-a", "yes $(printf %0200d 0) | head -c 1000000000; \(measure)")
        if words.contains("--parallel") {
            // What waits for its turn has to wait for room too.
            try sandbox.hook("configure.d/10-b", "yes $(printf %0200d 0) | head -c 100000000")
        }
        let process = try sandbox.program(words).start(
            output: "/dev/null", errorOutput: sandbox.directory.file("err"))
        #expect(process.wait(limit: 120) == 0)
        #expect(try sandbox.hooks().allSatisfy { $0.result == "success" })
        let peak = try #require(
            sandbox.directory.text("peak").flatMap { Int($0.trimmingCharacters(in: .newlines)) })
        #expect(peak < 64 << 10, "\(peak) KiB")
    }

    @Test(
        "output that nobody reads does not keep a time limit from ending the run",
        arguments: [
            "yes", "head -c 200000 /dev/zero; exit 0",
        ])
    func unreadOutput(script: String) throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo $$ > pid; \(script)")
        let pipe = Pipe()
        let process = try sandbox.program(["--prefix", "--timeout", "1"]).start(
            output: nil, outputDescriptor: pipe.fileHandleForWriting.fileDescriptor,
            errorOutput: sandbox.directory.file("err"))
        #expect(process.wait(limit: 30) == 1)
        #expect(!sandbox.isAlive("pid"))
        #expect(try sandbox.result() == "timeout")
        try pipe.fileHandleForReading.close()
    }
}
