// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `os-apply-config watch` at a terminal of its own.
struct WatchedProgram {
    private let terminal: PseudoTerminal
    private let process: RunningProcess

    init(_ words: [String], in directory: TemporaryDirectory) throws {
        terminal = try PseudoTerminal()
        process = try ChildProcess(
            [Programs.path("os-apply-config"), "watch"] + words, in: directory.path,
            environment: ["PATH": "/usr/bin:/bin", "TERM": "xterm"]
        ).start(at: terminal)
    }

    var text: String { terminal.text }

    /// Whether `words` come to be shown.
    func shows(_ words: String) -> Bool { eventually { terminal.text.contains(words) } }

    func forget() { terminal.clear() }

    func interrupt() -> Int32 {
        process.signal(SIGINT)
        return process.wait(limit: 10)
    }

    func end() {
        process.signal(SIGKILL)
        _ = process.wait(limit: 10)
    }
}

@Suite("watch renders again on every change")
struct WatchTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("m.json", #"{"a": "one"}"#)
        try directory.write("t/etc/x", "x = {{a}}\n")
    }

    @Test("templates, control files, metadata, new directories, errors and their mending, until interrupted")
    func session() throws {
        let watcher = try WatchedProgram(
            ["-t", "t", "-m", "m.json", "--fallback-metadata", "-o", "out"], in: directory)
        #expect(watcher.shows("+x = one"))
        watcher.forget()
        try directory.write("t/etc/x", "y = {{a}}\n")
        #expect(watcher.shows("+y = one"))
        #expect(watcher.text.contains("-x = one"))
        watcher.forget()
        // Renamed over, as editors and os-collect-config do.
        try directory.write("next.json", #"{"a": "two"}"#)
        rename(directory.file("next.json"), directory.file("m.json"))
        #expect(watcher.shows("+y = two"))
        watcher.forget()
        try directory.write("t/etc/x", "y = {{#a}}\n")
        #expect(watcher.shows("t/etc/x:1:5: section {{#a}} is not closed"))
        #expect(watcher.shows(" 1 | y = {{#a}}\n   |     ^\n"))
        watcher.forget()
        try directory.write("t/etc/x", "z = {{a}}\n")
        #expect(watcher.shows("+z = two"))
        watcher.forget()
        try directory.write("t/var/new/file", "new {{a}}\n")
        #expect(watcher.shows("+new two"))
        try directory.write("t/var/new/later", "later {{a}}\n")
        #expect(watcher.shows("+later two"))
        watcher.forget()
        try directory.write("t/etc/x.oac", "mode: 0600\n")
        #expect(watcher.shows("new mode 0600"))
        try FileManager.default.removeItem(atPath: directory.file("t/etc/x"))
        #expect(watcher.shows("-z = two"))
        #expect(watcher.interrupt() == -SIGINT)
        #expect(directory.text("out/etc/x") == nil)
    }
}
