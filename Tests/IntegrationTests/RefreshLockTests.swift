// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("One run of os-refresh-config at a time")
struct RefreshLockTests {
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
}
