// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Programs that an apply runs: checks and executable templates", .serialized)
struct CheckTests: ApplySandbox {
    let directory: TemporaryDirectory

    init() throws {
        directory = try Self.makeDirectory()
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

    @Test("a control file that is a FIFO is an error: neither waited for nor passed over")
    func controlFIFO() throws {
        mkfifo(directory.file("t/etc/a.oac"), 0o600)
        let ended = try apply()
        #expect(ended.status == 1)
        #expect(ended.errorText.contains("the control file t/etc/a.oac is not a regular file"))
        #expect(!directory.tree().contains { $0.hasPrefix("out") })
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
}
