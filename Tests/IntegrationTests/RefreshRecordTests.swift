// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("What os-refresh-config runs, and what it leaves behind")
struct RefreshRecordTests {
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
        #expect(sandbox.directory.tree().filter { $0.hasPrefix("state/changed") }.isEmpty)
        // Another's link is not followed; where there is no state directory, nothing is left.
        try sandbox.directory.write("change", "")
        symlink("elsewhere", sandbox.directory.file("state/changed-1"))
        #expect(try run("0", []) == "web\n")
        #expect(sandbox.directory.text("elsewhere") == nil)
        try sandbox.directory.write("change", "")
        #expect(try run("0", ["--state-dir", "/dev/null/none"]) == "web\n")
        #expect(sandbox.directory.tree().filter { $0.hasPrefix("tmp/") }.isEmpty)
    }

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
