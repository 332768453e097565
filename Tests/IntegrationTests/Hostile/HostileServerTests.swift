// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// After each answer of a table, the loop goes on, the last good copy stands, memory stays within its limit, one clear line is
/// logged, and the next good answer is taken.
@Suite("Servers that answer wrongly (C5, C11, C14, C15, C18)")
struct HostileServerTests {
    static let answerLimit = 1 << 20
    /// Kilobytes that the process may ever have resident.
    private static let memoryLimit = 64 << 10

    private let sandbox: CollectorSandbox
    private let server: HostileServer
    private var directory: TemporaryDirectory { sandbox.directory }

    init() throws {
        sandbox = try CollectorSandbox()
        server = try HostileServer()
    }

    @Test("request", arguments: HostileAnswer.toRequest)
    func request(_ row: HostileAnswer) throws {
        try configure(
            row, "request", "metadata_url = http://127.0.0.1:\(server.port)/x?token=s3cret")
        try check(row, source: "request") { HostileServer.Step.answer("200 OK", [], "{\"a\": \($0)}") }
    }

    @Test("cfn", arguments: HostileAnswer.toCloudFormation)
    func cloudFormation(_ row: HostileAnswer) throws {
        try configure(
            row, "cfn", "metadata_url = http://127.0.0.1:\(server.port)/v1/", "stack_name = stack",
            "path = web.Metadata",
            "access_key_id = id", "secret_access_key = s3cret")
        try check(row, source: "cfn") { .answer("200 OK", [], HostileAnswer.stackResource("{\"a\": \($0)}")) }
    }

    /// What this source has got is not asked for again: here the wrong answer comes first.
    @Test("ec2", arguments: HostileAnswer.toMetadataService)
    func metadataService(_ row: HostileAnswer) throws {
        try configure(row, "ec2", "metadata_url = http://127.0.0.1:\(server.port)/latest/meta-data")
        server.serve(row.steps)
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        try checkOutcome(row, source: "ec2", lines: 0)
        #expect(cache("ec2.json") == nil)
        server.serve([
            ("/latest/meta-data/ami-id", [.answer("200 OK", [], "2")]),
            ("/latest/meta-data/", [.answer("200 OK", [], "ami-id")]),
        ])
        #expect(
            eventually { cache("ec2.json.last")?.contains("\"ami-id\": \"2\"") == true }, "\(sandbox.logs)")
        checkProcess(process)
    }

    /// What the largest answers come to that the defaults let pass, and the smallest that they do not.
    @Test("at the default limits", arguments: LargeAnswer.all)
    func defaultLimits(_ large: LargeAnswer) throws {
        try sandbox.configure(
            "command = true", "backup_cachedir =", "polling_interval = 0.05",
            sections: "[request]\nmetadata_url = http://127.0.0.1:\(server.port)/x\ntimeout = 30")
        server.serve([.answer("200 OK", [], large.text)])
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        if let reason = large.reason {
            #expect(eventually { logged.last?.contains(reason) == true }, "\(logged)")
        } else {
            #expect(eventually { cache("request.json.last") != nil }, "\(logged)")
        }
        #expect(eventually { server.requests > 2 })
        let peak = process.memory(.peak)
        #expect(peak < 256 << 10, "\(peak) KiB")
    }

    // MARK: The steps

    private func configure(_ row: HostileAnswer, _ source: String, _ lines: String...) throws {
        try sandbox.configure(
            "command = true", "answer_limit = \(Self.answerLimit)", "polling_interval = 0.05",
            "deployment_key = deployments", sources: [source],
            sections: (["[\(source)]"] + lines + ["timeout = \(row.timeLimit)"]).joined(separator: "\n"))
    }

    private func check(_ row: HostileAnswer, source: String, good: (Int) -> HostileServer.Step) throws {
        server.serve([good(1)])
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(eventually { cache("\(source).json.last") == Self.document(1) }, "\(sandbox.logs)")
        let lines = logged.count
        server.serve(row.steps)
        try checkOutcome(row, source: source, lines: lines)
        if case .down = row.outcome {
            #expect(cache("\(source).json") == Self.document(1))
            #expect(cache("\(source).json.last") == Self.document(1))
        }
        server.serve([good(2)])
        #expect(eventually { cache("\(source).json.last") == Self.document(2) }, "\(sandbox.logs)")
        checkProcess(process)
        #expect(strangers(source).isEmpty)
    }

    /// Waits for two rounds with the answer, and looks at what was said about it.
    private func checkOutcome(_ row: HostileAnswer, source: String, lines: Int) throws {
        let isAsked = eventually(within: 10) { server.requests > 2 }
        #expect(isAsked, "the loop stands still")
        switch row.outcome {
        case .down(let reason):
            #expect(eventually { logged.count > lines }, "nothing is logged")
            let new = Array(logged.dropFirst(lines))
            #expect(new.count == 1, "\(new)")
            #expect(new.first?.contains("Source [\(source)] is unavailable: ") == true, "\(new)")
            #expect(new.first?.contains(reason) == true, "\(new)")
        case .used(let remark):
            #expect(eventually { cache("\(source).json.last") != Self.document(1) })
            let new = Array(logged.dropFirst(lines))
            #expect(new.count == (remark == nil ? 0 : 1), "\(new)")
            if let remark { #expect(new.first?.contains(remark) == true, "\(new)") }
        }
        #expect(!logged.contains { $0.contains("s3cret") }, "\(logged)")
    }

    private func checkProcess(_ process: RunningProcess) {
        let peak = process.memory(.peak)
        #expect(peak < Self.memoryLimit, "\(peak) KiB")
        process.signal(SIGTERM)
        #expect(process.wait(limit: 10) == -SIGTERM)
    }

    private var logged: [String] {
        (directory.text("err") ?? "").split(separator: "\n").map(String.init)
    }

    private func cache(_ name: String) -> String? { directory.text("cache/\(name)") }

    private static func document(_ number: Int) -> String { "{\n \"a\": \(number)\n}" }

    /// Files of the cache that are not the source's, and what else has come to be around it.
    private func strangers(_ source: String) -> [String] {
        let own = ["", ".orig", ".last"].map { "\(source).json\($0)" } + ["os_config_files.json"]
        let known = Set(own.flatMap { ["cache/\($0)", "backup/\($0)"] })
            .union(["cache", "backup", "c.conf", "err", "out", "status.json"])
        return directory.tree().filter { !known.contains($0) }
    }
}

/// What is small on the way and large where it arrives.
enum Compressed {
    /// 64 MiB of zeros.
    static let zeros: [UInt8] = {
        let words = ["/bin/sh", "-c", "head -c 67108864 /dev/zero | gzip -9"]
        return (try? ChildProcess(words).run()).map { Array($0.output) } ?? []
    }()
}
