// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Time limits of os-refresh-config, and what is told of a failure")
struct RefreshLimitTests {
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
}
