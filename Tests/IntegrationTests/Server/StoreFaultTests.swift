// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("The store when things go wrong")
struct StoreFaultTests {
    private let server: ServerSandbox

    init() throws { server = try ServerSandbox() }

    /// One of those who write at the same time, each with nodes of its own.
    private final class Writer: Sendable {
        /// The last value of each node that was acknowledged, and the last one that was sent.
        private let values = Mutex<[String: (acknowledged: Int, sent: Int)]>([:])
        private let count = Mutex(0)
        private let id: Int

        init(id: Int) { self.id = id }

        var acknowledged: Int { count.withLock { $0 } }
        var nodes: [String: (acknowledged: Int, sent: Int)] { values.withLock { $0 } }

        /// Writes until the server is gone.
        func write(port: Int, admin: String) {
            guard let connection = try? RawConnection(port: port) else { return }
            var generator = SystemRandomNumberGenerator()
            while true {
                let node = "n\(id)-\(Int.random(in: 0..<10, using: &generator))"
                let value = values.withLock { values in
                    values[node, default: (0, 0)].sent += 1
                    return values[node]?.sent ?? 0
                }
                let text = String(repeating: "x", count: Int.random(in: 0..<2_000, using: &generator))
                let answer = connection.ask(
                    "PUT", "/admin/v1/nodes/\(node)", [admin],
                    body: #"{"metadata": {"value": \#(value), "text": "\#(text)"}}"#)
                guard answer?.status == 200 else { return }
                values.withLock { $0[node]?.acknowledged = value }
                count.withLock { $0 += 1 }
            }
        }
    }

    private static let writes = Int(ProcessInfo.processInfo.environment["STORE_WRITES"] ?? "") ?? 10_000

    @Test("killed at any time, again and again, it has every write that it has acknowledged")
    func killing() throws {
        let writers = (0..<4).map { Writer(id: $0) }
        var kills = 0
        while writers.map(\.acknowledged).reduce(0, +) < Self.writes, kills < 500 {
            try server.start()
            let done = DispatchGroup()
            for writer in writers {
                let (port, admin) = (server.port, server.admin)
                done.enter()
                Thread.detachNewThread {
                    writer.write(port: port, admin: admin)
                    done.leave()
                }
            }
            let goal = writers.map(\.acknowledged).reduce(0, +) + Int.random(in: 1...(Self.writes / 8))
            _ = eventually(within: 60) { writers.map(\.acknowledged).reduce(0, +) >= goal }
            server.stop(SIGKILL)
            done.wait()
            kills += 1
            try check(writers)
        }
        #expect(writers.map(\.acknowledged).reduce(0, +) >= Self.writes, "after \(kills) kills")
    }

    private func check(_ writers: [Writer]) throws {
        try server.start()
        defer { server.stop() }
        let connection = try RawConnection(port: server.port)
        for (node, value) in writers.map(\.nodes).flatMap({ $0 }) where value.acknowledged > 0 {
            let answer = connection.ask("GET", "/admin/v1/nodes/\(node)/metadata", [server.admin])
            let document = try JSONSerialization.jsonObject(with: Data((answer?.body ?? "{}").utf8))
            let kept = (document as? [String: Any])?["value"] as? Int ?? 0
            #expect(
                (value.acknowledged...value.sent).contains(kept),
                "\(node): \(kept), acknowledged \(value.acknowledged)")
        }
    }

    @Test("on a full disk writes are refused with the reason, and reads go on", .enabled(if: geteuid() == 0))
    func fullDisk() throws {
        mkdir(server.directory.file("disk"), 0o700)
        let mounted = try ChildProcess(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", server.directory.file("disk")],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        ).run()
        try #require(mounted.status == 0, "\(mounted.errorText)")
        defer {
            server.stop()
            _ = try? ChildProcess(
                ["umount", server.directory.file("disk")],
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
            ).run()
        }
        try server.start(store: "disk/store")
        let token = (server.directory.text("disk/store/admin-token") ?? "").trimmingCharacters(in: .newlines)
        let admin = "Authorization: Bearer \(token)"
        let connection = try RawConnection(port: server.port)
        let text = String(repeating: "x", count: 100_000)
        var refused: RawConnection.Answer?
        for number in 0..<200 where refused == nil {
            let body = #"{"metadata": {"number": \#(number), "text": "\#(text)"}}"#
            let answer = connection.ask("PUT", "/admin/v1/nodes/n\(number)", [admin], body: body)
            if answer?.status != 200 { refused = answer }
        }
        #expect(refused?.status == 507, "\(String(describing: refused))")
        #expect(refused?.body.contains("no room for the change") == true)
        #expect(
            connection.ask("GET", "/admin/v1/nodes/n0/metadata", [admin])?.body.contains(#""number": 0"#)
                == true)
        #expect(connection.ask("GET", "/readyz")?.status == 200)
    }

    @Test(
        "while the disk fails writes are refused, reads go on, and afterwards all is as it was acknowledged",
        .enabled(if: geteuid() == 0))
    func failingDisk() throws {
        try server.start()
        let connection = try RawConnection(port: server.port)
        func put(_ value: Int) -> Int? {
            connection.ask(
                "PUT", "/admin/v1/nodes/n", [server.admin], body: #"{"metadata": {"v": \#(value)}}"#)?.status
        }
        func value() -> String? {
            connection.ask("GET", "/admin/v1/nodes/n/metadata", [server.admin])?.body
                .trimmingCharacters(in: .newlines)
        }
        #expect(put(1) == 200)
        let id = try #require(server.process?.id)
        let fault = try ChildProcess(
            [
                "strace", "-f", "-qq", "-o", "/dev/null", "-p", "\(id)", "-e",
                "trace=fsync,fdatasync,pwrite64",
                "-e", "inject=fsync,fdatasync,pwrite64:error=EIO",
            ], environment: ["PATH": "/usr/bin:/bin"]
        ).start(output: "/dev/null", errorOutput: server.directory.file("strace"))
        // It has taken hold of the server when a write fails.
        var (number, acknowledged) = (1, 1)
        let fails = eventually {
            number += 1
            let status = put(number)
            if status == 200 { acknowledged = number }
            return status == 503
        }
        #expect(fails, "\(server.directory.text("strace") ?? "")")
        for _ in 0..<20 {
            number += 1
            #expect(put(number) == 503)
        }
        #expect(server.errors.contains("the database cannot be used"), "\(server.errors)")
        #expect(value() == #"{"v": \#(acknowledged)}"#)
        fault.signal(SIGTERM)
        _ = fault.wait(limit: 20)
        #expect(eventually { put(-1) == 200 })
        #expect(value() == #"{"v": -1}"#)
        #expect(connection.ask("GET", "/readyz")?.status == 200)
        server.stop(SIGKILL)
        try server.start()
        #expect(try server.curl("/admin/v1/nodes/n/metadata", "-H", server.admin).body == #"{"v": -1}"#)
    }

    @Test(
        "what is damaged in the database is refused with the reason; the rest is served",
        arguments: [1, 2, 3])
    func damage(seed: Int) throws {
        try server.start()
        let names = (0..<200).map { "n\($0)" }
        let connection = try RawConnection(port: server.port)
        let text = String(repeating: "x", count: 3_000)
        for name in names {
            let body = #"{"metadata": {"text": "\#(text)"}}"#
            #expect(
                connection.ask("PUT", "/admin/v1/nodes/\(name)", [server.admin], body: body)?.status == 200)
        }
        #expect(server.stop() == 0)
        let file = try #require(FileHandle(forUpdatingAtPath: server.directory.file("store/store.db")))
        let pages = Int(try file.seekToEnd()) / 4_096
        #expect(pages > 150)
        // Every seventh page, but those that say what the tables are.
        for page in stride(from: 20 + seed, to: pages, by: 7) {
            try file.seek(toOffset: UInt64(page * 4_096))
            try file.write(contentsOf: Data((0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* seed) }))
        }
        try file.close()
        do {
            try server.start()
        } catch {
            // It says so, and does not begin with what is wrong.
            #expect("\(error)".contains("the database cannot be used"), "\(error)")
            return
        }
        let again = try RawConnection(port: server.port)
        let statuses = names.map { name in
            again.ask("GET", "/admin/v1/nodes/\(name)/metadata", [server.admin])?.status ?? 0
        }
        #expect(Set(statuses).isSubset(of: [200, 404, 503]) && statuses.contains(200), "\(statuses)")
        _ = again.ask("GET", "/admin/v1/nodes?limit=1000", [server.admin])
        _ = again.ask("PUT", "/admin/v1/nodes/new", [server.admin], body: "{}")
        #expect(again.ask("GET", "/healthz")?.status == 200)
        #expect(server.process?.isRunning == true)
    }
}
