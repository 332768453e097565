// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Clients that read slowly what the metadata server sends, or not at all")
struct SlowReaderTests {
    private let server: ServerSandbox

    init() throws { server = try ServerSandbox() }

    @Test("a client that does not read its answer is let go")
    func unread() throws {
        try server.start("--idle-timeout", "1")
        let header = try server.makeNode(metadata: #"{"a": "\#(String(repeating: "x", count: 8 << 20))"}"#)
        // The first has to be made, the other is ready.
        for _ in 0..<2 {
            let connection = try RawConnection(port: server.port, limit: 10)
            connection.send(RawConnection.get("/v1/nodes/n/metadata", header))
            #expect(eventually { (try? server.connections) == 2 })
            #expect(eventually(within: 10) { (try? server.connections) == 1 })
            withExtendedLifetime(connection) {}
        }
    }

    @Test("what a client asks for in one go and does not read is not all made and held for it")
    func held() throws {
        let made = try Certificates()
        try server.start(
            "--idle-timeout", "1", "--tls-certificate", made.certificate("server"), "--tls-key",
            made.key("server"), listen: ["127.0.0.1:0", "https://127.0.0.1:0"])
        let header = try server.makeNode(metadata: #"{"a": "\#(String(repeating: "x", count: 4 << 20))"}"#)
        let asked = RawConnection.get("/v1/nodes/n/metadata", header)
        let places = server.output.split(whereSeparator: \.isNewline)
        let port = try #require(places.last { $0.contains("https:") }?.split(separator: ":").last)
        let url = "https://127.0.0.1:\(port)/v1/nodes/n/metadata"
        // It is ready from now on.
        #expect(try server.curl(url, "-k", "-o", "/dev/null", "-H", header).status == 200)
        try server.directory.write("requests", String(repeating: asked, count: 100))
        let fifo = server.directory.file("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        // Both ends are open, and nobody reads.
        let reader = open(fifo, O_RDWR | O_CLOEXEC)
        defer { close(reader) }
        let before = try #require(server.process?.memory(.peak))
        let shell = "exec openssl s_client -quiet -connect 127.0.0.1:\(port) < requests > fifo 2> /dev/null"
        let client = try ChildProcess(["/bin/sh", "-c", shell], in: server.directory.path)
            .start(output: "/dev/null", errorOutput: "/dev/null")
        defer {
            client.signal(SIGKILL)
            _ = client.wait(limit: 10)
        }
        #expect(eventually { (try? server.connections) == 2 })
        #expect(eventually(within: 10) { (try? server.connections) == 1 })
        let after = try #require(server.process?.memory(.peak))
        #expect(after - before < 64 << 10, "\(before) KiB before, \(after) KiB after")
    }

    /// A client that takes more than a second to read 15 MiB.
    private func slowClient(_ header: String) throws -> RunningProcess {
        try ChildProcess([
            "/usr/bin/curl", "-s", "--limit-rate", "10M", "-H", header, "-o", server.directory.file("got"),
            "\(server.address)/v1/nodes/n/metadata",
        ]).start(output: "/dev/null", errorOutput: "/dev/null")
    }

    private static let large = #"{"a": "\#(String(repeating: "x", count: 15 << 20))"}"#

    private var got: Int { server.directory.text("got")?.utf8.count ?? 0 }

    @Test(
        "a client that reads slowly, and goes on to, gets all, whatever the idle limit is",
        arguments: [("http", "keep-alive"), ("https", "close")])
    func slow(scheme: String, persistence: String) throws {
        let made = try Certificates()
        try server.start(
            "--idle-timeout", "3", "--tls-certificate", made.certificate("server"), "--tls-key",
            made.key("server"), listen: ["127.0.0.1:0", "https://127.0.0.1:0"])
        let header = try server.makeNode(metadata: Self.large)
        let line = server.output.split(whereSeparator: \.isNewline).last { $0.contains(" \(scheme):") }
        let port = try #require(line?.split(separator: ":").last)
        // Always on, and longer than the idle limit and what TLS waits for its end: 15 MiB, 12 times an eighth of one in a second.
        let shell = """
            curl -s -k -H "$0" -H "Connection: $1" "$2" |
                while count=$(head -c 131072 | wc -c) && [ "$count" -gt 0 ]; do echo "$count"; sleep 0.08; done
            """
        let ended = try ChildProcess(
            [
                "/bin/sh", "-c", shell, header, persistence,
                "\(scheme)://127.0.0.1:\(port)/v1/nodes/n/metadata",
            ], environment: ["PATH": "/usr/bin:/bin"]
        ).run()
        let taken = ended.text.split(separator: "\n").compactMap { Int($0) }.reduce(0, +)
        #expect(taken == Self.large.utf8.count)
    }

    @Test("a stop leaves a client the seconds that it has to read its answer to the end")
    func stopped() throws {
        try server.start()
        let header = try server.makeNode(metadata: Self.large)
        let client = try slowClient(header)
        #expect(eventually { got > 0 })
        #expect(server.stop() == 0)
        #expect(client.wait(limit: 20) == 0)
        #expect(got == Self.large.utf8.count)
    }
}
