// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("When os-collect-config asks (C19, C20)")
struct CollectorPaceTests {
    private let sandbox: CollectorSandbox
    private var directory: TemporaryDirectory { sandbox.directory }

    init() throws {
        sandbox = try CollectorSandbox()
        sandbox.serve(#"{"a": 1}"#)
    }

    /// The pauses that it has told so far, in seconds.
    private var pauses: [Double] {
        (directory.text("err") ?? "").split(separator: "\n").compactMap { line in
            line.firstMatch(of: /Sleeping ([0-9.e-]+) seconds/).flatMap { Double($0.1) }
        }
    }

    /// A part of a pause is left to chance.
    private func isPause(_ pause: Double, of seconds: Double) -> Bool {
        pause >= seconds * 0.75 && pause <= seconds
    }

    @Test(
        "each pause is twice the one before, up to the longest, and short again after a change; none is quite like another"
    )
    func doubling() throws {
        try sandbox.configure(
            "command = true", "debug = true", "min_polling_interval = 0.08", "polling_interval = 0.3")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { pauses.count >= 5 }, "\(sandbox.logs)")
        for (pause, wanted) in zip(pauses, [0.08, 0.16, 0.3, 0.3, 0.3]) {
            #expect(isPause(pause, of: wanted), "\(pauses)")
        }
        #expect(Set(pauses.prefix(5)).count == 5)
        let before = pauses.count
        sandbox.serve(#"{"a": 2}"#)
        #expect(eventually { pauses.dropFirst(before).contains { isPause($0, of: 0.08) } }, "\(pauses)")
    }

    @Test("a command that fails again and again is not run faster and faster")
    func failing() throws {
        try sandbox.configure(
            "command = false", "debug = true", "min_polling_interval = 0.08", "polling_interval = 0.3")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { pauses.count >= 5 }, "\(sandbox.logs)")
        #expect(isPause(pauses[3], of: 0.3) && isPause(pauses[4], of: 0.3), "\(pauses)")
    }

    @Test("no interval makes it spin, and no splay stops it", arguments: ["0", "0.0001"])
    func shortest(interval: String) throws {
        try sandbox.configure(
            "command = true", "debug = true", "min_polling_interval = \(interval)", "polling_interval = 0",
            "splay = 0.05")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { pauses.count >= 5 }, "\(sandbox.logs)")
        #expect(pauses.allSatisfy { $0 >= 0.05 }, "\(pauses)")
    }

    @Test(
        "a local file that changes is seen at once; one that changes over and over makes no loop without a pause"
    )
    func wakes() throws {
        try directory.write("local/n", "0")
        // The command is what changes it.
        try sandbox.configure(
            "command = echo x >> ran; test $$(wc -l < ran) -gt 8 || echo $$(wc -l < ran) > local/n",
            "min_polling_interval = 0.2", "polling_interval = 60", sources: ["local"])
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        let start = ContinuousClock.now
        let runs = { (directory.text("ran") ?? "").split(separator: "\n").count }
        #expect(eventually { runs() >= 8 }, "\(sandbox.logs)")
        // Five at once, and then one in an interval; without sight of the file, the pauses would be longer yet.
        #expect(ContinuousClock.now - start > .seconds(0.2))
    }
}
