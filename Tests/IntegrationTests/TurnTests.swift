// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Runs on one root take turns, and end cleanly", .serialized)
struct TurnTests: ApplySandbox {
    let directory: TemporaryDirectory

    init() throws {
        directory = try Self.makeDirectory()
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
}
