// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The collector in the long run")
struct SoakTests {
    private static let polls =
        ProcessInfo.processInfo.environment["SOAK_POLLS"].flatMap { Int($0) } ?? 100_000
    /// When everything is warm.
    private static let early = 1000

    private let sandbox: CollectorSandbox
    private let request: FaultyService
    private let cloudFormation: FaultyService
    private let requestServer: HostileServer
    private let cloudFormationServer: HostileServer
    private var directory: TemporaryDirectory { sandbox.directory }

    init() throws {
        sandbox = try CollectorSandbox()
        let request = FaultyService(seed: 1) { "{\"version\": \($0)}" }
        let cloudFormation = FaultyService(seed: 2) { version in
            """
            <R><DescribeStackResourceResult><StackResourceDetail><Metadata>{"deployments": [{"name": "d", "config": \
            {"version": \(version)}}]}</Metadata></StackResourceDetail></DescribeStackResourceResult></R>
            """
        }
        self.request = request
        self.cloudFormation = cloudFormation
        requestServer = try HostileServer { _, _ in request.next() }
        cloudFormationServer = try HostileServer { _, _ in cloudFormation.next() }
        try directory.write(
            "command",
            """
            for file in $(echo "$OS_CONFIG_FILES" | tr : ' '); do
                case $file in
                */request.json) tr -dc '0-9\\n' < "$file" | grep . >> \(directory.file("request.seen"));;
                */d.json) tr -dc '0-9\\n' < "$file" | grep . >> \(directory.file("cfn.seen"));;
                esac
            done
            """)
        try sandbox.configure(
            "command = . \(directory.file("command"))", "answer_limit = 65536", "backup_cachedir =",
            sources: ["request", "cfn"],
            sections: """
                [request]
                metadata_url = http://127.0.0.1:\(requestServer.port)/x
                [cfn]
                metadata_url = http://127.0.0.1:\(cloudFormationServer.port)/v1/
                stack_name = s
                access_key_id = a
                secret_access_key = s
                path = r.Metadata
                """)
    }

    @Test(
        "many polls of servers that fail every third time: no leak, no descriptor left, no change missed")
    func soak() throws {
        let collector = try ChildProcess(
            [Programs.path("impatient-collector"), "--config-file", directory.file("c.conf")],
            in: directory.path
        ).start(output: directory.file("out"), errorOutput: "/dev/null")
        defer { sandbox.stop(collector) }
        let early = try holdings(of: collector, after: Self.early)
        let late = try holdings(of: collector, after: Self.polls)
        print("after \(Self.early) polls: \(early); after \(Self.polls): \(late)")
        collector.signal(SIGTERM)
        #expect(collector.wait(limit: 20) == -SIGTERM)
        print("changes: \(request.given.count) of request, \(cloudFormation.given.count) of cfn")
        #expect(late.residentKilobytes <= early.residentKilobytes * 11 / 10)
        // libcurl keeps connections, and finds only later that their servers have gone.
        #expect(late.descriptors <= early.descriptors + 8)
        // The last one may have been given to a round that was not to end.
        #expect(seen("request").starts(with: request.given.dropLast()))
        #expect(seen("cfn").starts(with: cloudFormation.given.dropLast()))
    }

    /// What a process holds.
    private struct Holdings: CustomStringConvertible {
        let residentKilobytes: Int
        /// The fewest of several looks: connections come and go.
        let descriptors: Int

        var description: String { "\(residentKilobytes) KiB resident, \(descriptors) descriptors" }
    }

    private func holdings(of process: RunningProcess, after polls: Int) throws -> Holdings {
        // Each poll asks once, at least.
        let isThere = eventually(within: 3000) { requestServer.requests >= polls || !process.isRunning }
        #expect(isThere && process.isRunning)
        let statm = (try? String(contentsOfFile: "/proc/\(process.id)/statm", encoding: .utf8)) ?? ""
        let pages = statm.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        let looks = (0..<100).compactMap { _ in
            try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.id)/fd").count
        }
        return Holdings(
            residentKilobytes: try #require(pages) * Int(getpagesize()) / 1024,
            descriptors: try #require(looks.min()))
    }

    /// The versions that the command has seen, each once.
    private func seen(_ source: String) -> [Int] {
        let all = (directory.text("\(source).seen") ?? "").split(separator: "\n").compactMap { Int($0) }
        return all.reduce(into: []) { versions, version in
            if versions.last != version { versions.append(version) }
        }
    }
}
