// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("os-refresh-config at a terminal")
struct RefreshTerminalTests {
    private let sandbox: RefreshSandbox
    private let terminal: PseudoTerminal

    init() throws {
        sandbox = try RefreshSandbox()
        terminal = try PseudoTerminal()
        terminal.resize(rows: 24, columns: 80)
    }

    /// Starts the program in a session of its own, to which the terminal belongs.
    private func start(_ words: [String] = [], in shell: String? = nil, term: String = "xterm") throws
        -> RunningProcess
    {
        var program = sandbox.program(words, ["TERM": term])
        if let shell { program.arguments = ["/bin/bash", "-c", shell, "sh"] + program.arguments }
        program.arguments = ["/usr/bin/setsid", "--ctty"] + program.arguments
        return try program.start(at: terminal)
    }

    private func shows(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let isShown = eventually { terminal.text.contains(text) }
        #expect(isShown, "\(terminal.text.debugDescription)", sourceLocation: sourceLocation)
    }

    @Test(
        "a hook may ask, and reads the answer; its question stays on the screen while the line at the bottom goes on"
    )
    func reading() throws {
        try sandbox.hook("configure.d/10-a", "printf 'name? '; read name; echo \"hello $name\"")
        let process = try start()
        shows("name? ")
        shows("configure 1/1  10-a  ")
        terminal.type("bob\n")
        shows("hello bob")
        #expect(process.wait(limit: 20) == 0)
        // The last row is given back.
        shows("\u{1B}[r")
        let text = terminal.text
        let question = try #require(text.range(of: "name? "))
        // Between question and answer: the row at the bottom, and the place of the cursor kept.
        #expect(text[question.upperBound...].contains("\u{1B}7\u{1B}[24;1H\u{1B}[2Kconfigure 1/1"))
    }

    @Test(
        "what is over in a moment is not shown at the bottom; a terminal without abilities gets log lines alone",
        arguments: [("xterm", "exit 0"), ("dumb", "sleep 0.8")])
    func plain(term: String, script: String) throws {
        try sandbox.hook("configure.d/10-a", script)
        #expect(try start(term: term).wait(limit: 20) == 0)
        shows("Completed phase configure")
        #expect(!terminal.text.contains("\u{1B}"))
    }

    @Test("Ctrl-C ends the hook, the run, and all that was started, with 130")
    func interrupt() throws {
        try sandbox.hook(
            "configure.d/10-a", "trap 'echo cleaned' EXIT; echo $$ > pid; sleep 60", interpreter: "/bin/bash")
        let process = try start()
        #expect(eventually { sandbox.isAlive("pid") })
        terminal.type("\u{3}")
        #expect(process.wait(limit: 20) == 130)
        shows("received signal 2, ending the hooks")
        #expect(!sandbox.isAlive("pid"))
        #expect(try sandbox.result() == "stopped")
    }

    @Test(
        "Ctrl-Z stops the run and its hook, gives the row at the bottom back, and both go on in the foreground"
    )
    func stop() throws {
        try sandbox.hook(
            "configure.d/10-a", "echo $$ > pid; while [ ! -e go ]; do sleep 0.05; done; echo went on")
        let process = try start(in: "set -m; \"$@\"; echo \"stopped: $?\"; read key; fg; echo \"ended: $?\"")
        shows("configure 1/1  10-a  ")
        terminal.clear()
        terminal.type("\u{1A}")
        shows("stopped: 148")
        shows("\u{1B}[r")
        #expect(state("pid") == "T")
        try sandbox.directory.write("go", "")
        terminal.clear()
        terminal.type("\n")
        shows("went on")
        shows("ended: 0")
        #expect(process.wait(limit: 20) == 0)
        #expect(try sandbox.result() == "success")
    }

    @Test("a smaller window moves the line to its last row; one that is too small has none")
    func resizing() throws {
        try sandbox.hook("configure.d/10-a", "while [ ! -e go ]; do sleep 0.05; done")
        let process = try start()
        shows("\u{1B}[24;1H\u{1B}[2Kconfigure")
        terminal.resize(rows: 12, columns: 20)
        shows("\u{1B}[12;1H\u{1B}[2Kconfigure")
        try sandbox.directory.write("go", "")
        #expect(process.wait(limit: 20) == 0)
    }

    /// The state of the process that wrote its number to `file` (proc_pid_stat(5)).
    private func state(_ file: String) -> String? {
        guard let number = sandbox.directory.text(file)?.trimmingCharacters(in: .newlines) else { return nil }
        let stat = FileManager.default.contents(atPath: "/proc/\(number)/stat").map {
            String(decoding: $0, as: UTF8.self)
        }
        return stat?.split(separator: ")").last?.split(separator: " ").first.map(String.init)
    }
}
