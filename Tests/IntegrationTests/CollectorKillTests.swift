// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("A collector that is killed (C3, C4, C6, C21)")
struct CollectorKillTests {
    /// More system calls than a round makes: the loops end by themselves long before.
    private static let bound = 5_000
    /// What a user of the cache may see of it, before and after the change: `two` goes and `three` comes.
    private static let before = [
        "request": document(1, "two"), "one": "{\n \"v\": 1\n}", "two": "{\n \"v\": 1\n}",
    ]
    private static let after = [
        "request": document(2, "three"), "one": "{\n \"v\": 2\n}", "three": "{\n \"v\": 2\n}",
    ]

    private let sandbox: CollectorSandbox
    private var directory: TemporaryDirectory { sandbox.directory }

    init() throws {
        sandbox = try CollectorSandbox()
        try sandbox.configure(
            #"command = for file in $$(echo $$OS_CONFIG_FILES | tr : ' '); do cat "$$file"; done > ran.new; mv ran.new ran"#
        )
        sandbox.serve(Self.document(1, "two"))
        #expect(try sandbox.runOnce().status == 0)
        try FileManager.default.copyItem(atPath: directory.file("cache"), toPath: directory.file("saved"))
        sandbox.serve(Self.document(2, "three"))
    }

    private static func document(_ value: Int, _ second: String) -> String {
        let deployments = ["one", second].map { name in
            "  {\n   \"config\": {\n    \"v\": \(value)\n   },\n   \"name\": \"\(name)\"\n  }"
        }
        return "{\n \"a\": \(value),\n \"deployments\": [\n\(deployments.joined(separator: ",\n"))\n ]\n}"
    }

    private func layOldCache() throws {
        for name in ["cache", "ran"] { try? FileManager.default.removeItem(atPath: directory.file(name)) }
        try FileManager.default.copyItem(atPath: directory.file("saved"), toPath: directory.file("cache"))
    }

    private func run(injecting injection: String) throws -> ChildProcess.Ended {
        try sandbox.runOnce(
            under: ["/usr/bin/strace", "-f", "-qq", "-o", directory.file("trace"), "-e", injection])
    }

    private func calls() throws -> [String] {
        try layOldCache()
        // Of a rule that never comes true the trace has every call.
        #expect(try run(injecting: "trace=all").status == 0)
        return SystemCalls.names(in: directory.text("trace") ?? "")
    }

    /// Each file of the cache has to be whole, old or new.
    private func expectWholeFiles(_ what: String) {
        for name in ["request", "one", "two", "three"] {
            for suffix in ["", ".last"] {
                let text = directory.text("cache/\(name).json\(suffix)")
                let isWhole = text == nil || text == Self.before[name] || text == Self.after[name]
                #expect(isWhole, "\(what): \(name).json\(suffix): \(text ?? "")")
            }
        }
        let list = directory.text("cache/os_config_files.json").map { Data($0.utf8) }
        let files = list.flatMap { try? JSONSerialization.jsonObject(with: $0) } as? [String]
        #expect(
            files?.count == 3,
            "\(what): the list is \(directory.text("cache/os_config_files.json") ?? "gone")")
    }

    /// At the next start the command has what is new, unless it has had it, and the cache is as it should be.
    private func expectRecovery(_ what: String) throws {
        let ended = try sandbox.runOnce()
        #expect(ended.status == 0, "\(what): \(ended.errorText)")
        let seen = ["request", "one", "three"].compactMap { Self.after[$0] }.joined()
        #expect(directory.text("ran") == seen, "\(what): the change is lost")
        for (name, text) in Self.after {
            #expect(directory.text("cache/\(name).json.last") == text, "\(what): \(name)")
        }
        let names = directory.tree().filter { $0.hasPrefix("cache/") }.map { $0.dropFirst("cache/".count) }
        let known = Self.after.keys.flatMap { name in ["", ".orig", ".last"].map { "\(name).json\($0)" } }
        #expect(Set(names.map(String.init)) == Set(known + ["os_config_files.json"]), "\(what)")
    }

    @Test(
        "at every system call of a round with a change: the cache is whole, and the change is acted on at the next start"
    )
    func killed() throws {
        let calls = try calls()
        #expect(calls.contains("fsync") && calls.contains("sendto"))
        var places = 0
        for call in calls {
            // A rule counts the calls of each name by themselves.
            for place in 1..<Self.bound {
                try layOldCache()
                let ended = try run(injecting: "inject=\(call):signal=KILL:when=\(place)")
                guard ended.status != 0 else { break }
                places += 1
                expectWholeFiles("killed at \(call) \(place)")
                try expectRecovery("killed at \(call) \(place)")
            }
        }
        print("killed at \(places) calls of \(calls.count) names")
        #expect(places > 300)
    }
}
