// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("An apply that is killed, or that the system refuses something (D1 D2 D3, BUG 17, BUG 18)")
struct InjectionTests {
    private static let count = 20
    /// More system calls than an apply makes: the loops end by themselves long before.
    private static let bound = 5_000

    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("old.json", #"{"v": "old"}"#)
        try directory.write("new.json", #"{"v": "new"}"#)
        for index in 0..<Self.count {
            // Directories that are there, one that is made, and a file that goes.
            let path = index % 5 == 4 ? "t/etc/made/f\(index)" : "t/etc/d\(index % 3)/f\(index)"
            try directory.write(path, "{{v}} \(index)\n")
            try directory.write("\(path).oac", "mode: 0600\n")
        }
        try directory.write("t/etc/gone", "{{#missing}}x{{/missing}}")
        try directory.write("t/etc/gone.oac", "allow_empty: false\n")
    }

    private var targets: [String] {
        directory.tree().filter { $0.hasPrefix("t/etc/") && $0.contains("/f") && !$0.hasSuffix(".oac") }
            .map { "out/" + $0.dropFirst(2) }
    }

    private func apply(_ metadata: String, injecting injection: String? = nil) throws -> ChildProcess.Ended {
        let tracer = injection.map {
            ["/usr/bin/strace", "-f", "-qq", "-o", directory.file("trace"), "-e", $0]
        }
        return try ChildProcess((tracer ?? []) + words(metadata), in: directory.path).run()
    }

    private func words(_ metadata: String) -> [String] {
        [
            Programs.path("os-apply-config"), "--log-file", "none", "-t", "t", "-m", metadata,
            "--fallback-metadata", "-o", "out", "--strict",
        ]
    }

    /// The tree of an earlier run: some files, and one that is to go.
    private func layOldTree() throws {
        try? FileManager.default.removeItem(atPath: directory.file("out"))
        for target in targets where !target.contains("made") {
            let index = target.split(separator: "f").last.map(String.init) ?? ""
            try directory.write(target, "old \(index)\n", mode: 0o600)
        }
        try directory.write("out/etc/gone", "old\n")
    }

    private enum State {
        case old, new, mixed
        case broken(String)
    }

    /// What the targets are: each has to be whole, old or new.
    private func state() -> State {
        var old = 0
        var new = 0
        for target in targets {
            let index = target.split(separator: "f").last.map(String.init) ?? ""
            switch directory.text(target) {
            case "old \(index)\n": old += 1
            case nil where target.contains("made"): old += 1
            case "new \(index)\n": new += 1
            case let text: return .broken("\(target): \(text ?? "nothing")")
            }
        }
        if directory.text("out/etc/gone") == "old\n" { old += 1 } else { new += 1 }
        return new == 0 ? .old : old == 0 ? .new : .mixed
    }

    private var leftovers: [String] { directory.tree().filter { $0.contains(".os-config.") } }

    private struct Tally {
        var runs = 0
        var old = 0
        var mixed = 0
        var new = 0

        mutating func add(_ state: State) {
            runs += 1
            switch state {
            case .old: old += 1
            case .mixed: mixed += 1
            case .new: new += 1
            case .broken(let file): Issue.record("half a file: \(file)")
            }
        }
    }

    /// The next run, which nothing stands in the way of, ends in the right tree and clears what was left.
    private func expectRecovery(_ what: String) throws {
        let ended = try apply("new.json")
        #expect(ended.status == 0, "\(what): \(ended.errorText)")
        guard case .new = state() else {
            Issue.record("\(what): the next run does not end in the right tree")
            return
        }
        #expect(leftovers.isEmpty, "\(what)")
    }

    /// The names of the system calls that an apply makes.
    private func calls() throws -> [String] {
        try layOldTree()
        // Of a rule that never comes true the trace has every call.
        let ended = try apply("new.json", injecting: "trace=all")
        #expect(ended.status == 0)
        return SystemCalls.names(in: directory.text("trace") ?? "")
    }

    @Test("killed at every system call in turn: every file is whole, and the next run mends everything")
    func killed() throws {
        let calls = try calls()
        #expect(calls.contains("renameat") && calls.contains("write"))
        var tally = Tally()
        for call in calls {
            // A rule counts the calls of each name by themselves.
            for place in 1..<Self.bound {
                try layOldTree()
                let ended = try apply("new.json", injecting: "inject=\(call):signal=KILL:when=\(place)")
                guard ended.status != 0 else { break }
                tally.add(state())
                try expectRecovery("killed at \(call) \(place)")
            }
        }
        print(
            "killed at \(tally.runs) calls of \(calls.count) names: \(tally.old) all old, \(tally.mixed) between, \(tally.new) all new"
        )
        #expect(tally.runs > 300)
        #expect(tally.old > 0 && tally.mixed > 0 && tally.new > 0)
    }

    @Test("killed while it makes a directory under a strict umask: none stays that nobody may enter")
    func killedMakingDirectories() throws {
        for call in ["mkdirat", "fchmod", "renameat2"] {
            for place in 1..<10 {
                try layOldTree()
                let tracer = ["/usr/bin/strace", "-f", "-qq", "-o", directory.file("trace"), "-e"]
                let ended = try ChildProcess(
                    ["/bin/sh", "-c", "umask 077; exec \"$@\"", "sh"] + tracer
                        + ["inject=\(call):signal=KILL:when=\(place)"] + words("new.json"), in: directory.path
                ).run()
                guard ended.status != 0 else { break }
                var status = stat()
                let isThere = stat(directory.file("out/etc/made"), &status) == 0
                #expect(!isThere || status.st_mode & 0o777 == 0o755, "\(call) \(place)")
                try expectRecovery("\(call) \(place)")
            }
        }
    }

    @Test(
        "refused a call: nothing has changed, or all files are whole and the error is told",
        arguments: [
            "write,pwrite64", "rename,renameat,renameat2", "fsync,fdatasync,syncfs", "open,openat,openat2",
            "fchmod,chmod,fchmodat", "fchown,fchownat", "unlinkat", "mkdirat", "fstat,newfstatat,flock",
        ])
    func refused(calls: String) throws {
        for error in ["ENOSPC", "EIO", "EACCES"] {
            var tally = Tally()
            var failed = 0
            for place in 1..<Self.bound {
                try layOldTree()
                let injection = "inject=\(calls):error=\(error):when=\(place)"
                let ended = try apply("new.json", injecting: injection)
                let trace = directory.text("trace") ?? ""
                let state = state()
                tally.add(state)
                if ended.status == 0 {
                    guard case .new = state else {
                        Issue.record("\(injection): success, but not the right tree")
                        return
                    }
                } else {
                    failed += 1
                    // By a signal: libdispatch ends a process whose threads it cannot look at in /proc.
                    #expect(ended.status < 0 || !ended.errorText.isEmpty, "\(injection)")
                }
                try expectRecovery(injection)
                if !trace.contains("(INJECTED)") { break }
            }
            print(
                "\(calls) \(error): \(tally.runs - 1) places, \(failed) failed: \(tally.old) all old, \(tally.mixed) between, \(tally.new) all new"
            )
            #expect(tally.runs < Self.bound - 1)
        }
    }
}
