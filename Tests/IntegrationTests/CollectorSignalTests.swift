// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Signals to os-collect-config, and time limits (C1, C22, C23)")
struct CollectorSignalTests {
    private let sandbox: CollectorSandbox
    private var directory: TemporaryDirectory { sandbox.directory }

    init() throws {
        sandbox = try CollectorSandbox()
        sandbox.serve(#"{"a": 1}"#)
    }

    /// A command that notes its processes, one of which has left its session, and goes on for long.
    private static let longCommand =
        "setsid sleep 600 & echo $! > child; (sleep 600 & echo $! > orphan); echo $$$$ > shell; sleep 600"

    private func processes() -> [Int32] {
        ["child", "orphan", "shell"].compactMap { name in
            directory.text(name).flatMap { Int32($0.trimmingCharacters(in: .newlines)) }
        }
    }

    private func isAlive(_ process: Int32) -> Bool {
        let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return status.map { !$0.contains(") Z ") } ?? false
    }

    @Test(
        "SIGTERM ends the command and all that it started, leaves the cache whole, and ends the collector as itself"
    )
    func termination() throws {
        try sandbox.configure("command = \(Self.longCommand)")
        let process = try sandbox.start()
        #expect(eventually { processes().count == 3 }, "\(sandbox.logs)")
        process.signal(SIGTERM)
        #expect(process.wait(limit: 20) == -SIGTERM)
        #expect(processes().allSatisfy { !isAlive($0) })
        #expect(directory.text("cache/request.json") == "{\n \"a\": 1\n}")
        #expect(directory.text("cache/request.json.last") == nil)
        #expect(!directory.tree().contains { $0.hasSuffix(".tmp") })
    }

    @Test("a command that takes too long is ended with all that it started, and is run again later")
    func timeLimit() throws {
        try sandbox.configure(
            "command = test -e second && echo done > finished; touch second; \(Self.longCommand)",
            "command_timeout = 1")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { directory.text("finished") != nil }, "\(sandbox.logs)")
        #expect(
            sandbox.logs.contains("Command failed, will run it again with the same data. Its time was over"))
        #expect(directory.text("cache/request.json.last") == nil)
    }

    @Test("what an earlier command left running is not ended with a later one")
    func daemons() throws {
        try sandbox.configure(
            "command = test -e left || { setsid sleep 600 & echo $! > left; exit 0; }; touch later; sleep 600"
        )
        let process = try sandbox.start()
        #expect(eventually { directory.text("cache/request.json.last") != nil }, "\(sandbox.logs)")
        sandbox.serve(#"{"a": 2}"#)
        #expect(eventually { directory.text("later") != nil })
        process.signal(SIGTERM)
        #expect(process.wait(limit: 20) == -SIGTERM)
        let left = try #require(
            directory.text("left").flatMap { Int32($0.trimmingCharacters(in: .newlines)) })
        #expect(isAlive(left))
        kill(left, SIGKILL)
    }

    @Test("SIGHUP reads the configuration anew, after a command as before it, and no command has it ignored")
    func reload() throws {
        try sandbox.configure("command = grep SigIgn /proc/$$$$/status > ignored; echo one >> ran")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { directory.text("cache/request.json.last") != nil }, "\(sandbox.logs)")
        #expect(directory.text("ignored")?.hasSuffix("0\n") == true)
        for round in 2...4 {
            try sandbox.configure("command = echo \(round) >> ran")
            process.signal(SIGHUP)
            #expect(isChanged { directory.text("ran")?.hasSuffix("\(round)\n") == true }, "\(sandbox.logs)")
        }
    }

    /// Serves one change after another until `condition` holds: a round that is under way may still have the old command.
    private func isChanged(until condition: () -> Bool) -> Bool {
        var version = 1
        return eventually {
            version += 1
            sandbox.serve("{\"a\": \(version)}")
            return eventually(within: 0.5, condition)
        }
    }

    @Test("SIGHUP while a command runs counts when it has ended")
    func reloadDuringCommand() throws {
        try directory.write("gate", "")
        try sandbox.configure("command = touch running; while test -e gate; do sleep 0.01; done")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { directory.text("running") != nil })
        try sandbox.configure("command = echo new > ran")
        process.signal(SIGHUP)
        try FileManager.default.removeItem(atPath: directory.file("gate"))
        #expect(eventually { directory.text("cache/request.json.last") != nil })
        sandbox.serve(#"{"a": 2}"#)
        #expect(eventually { directory.text("ran") == "new\n" }, "\(sandbox.logs)")
    }

    @Test("a configuration that cannot be used is told, and the old one stays until it can")
    func badReload() throws {
        try sandbox.configure("command = echo old >> ran")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { directory.text("ran") == "old\n" })
        try sandbox.configure("polling_interval = nonsense")
        #expect(
            eventually { sandbox.logs.contains("keeping the old one: argument --polling_interval: Invalid") })
        try sandbox.configure("command = echo new >> ran")
        #expect(isChanged { directory.text("ran")?.hasSuffix("new\n") == true }, "\(sandbox.logs)")
    }

    @Test("as process 1 of a container it takes note of the ends of orphans, and ends on SIGTERM")
    func firstProcess() throws {
        guard geteuid() == 0 else { return }
        try sandbox.configure(
            "command = (sh -c 'sleep 0.05' &) ; (sh -c 'sleep 0.1' &) ; exit 0", "polling_interval = 1")
        let process = try sandbox.start(
            under: ["/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])
        defer { sandbox.stop(process) }
        #expect(eventually { directory.text("cache/request.json.last") != nil }, "\(sandbox.logs)")
        let collector = try #require(Self.child(of: process.id))
        #expect(eventually { Self.child(of: collector) == nil }, "a zombie is left")
        kill(collector, SIGTERM)
        #expect(process.wait(limit: 20) == 143)
    }

    private static func child(of process: pid_t) -> pid_t? {
        let path = "/proc/\(process)/task/\(process)/children"
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        let lists = [path] + entries.map { "/proc/\(process)/task/\($0)/children" }
        return lists.compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
            .flatMap { $0.split(separator: " ") }.first.flatMap { pid_t($0) }
    }
}
