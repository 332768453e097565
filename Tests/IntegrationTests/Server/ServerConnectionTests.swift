// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Connections to the metadata server")
struct ServerConnectionTests {
    private let server: ServerSandbox

    init() throws { server = try ServerSandbox() }

    @Test("requests sent in one go are answered in their order, whether they have to wait or not")
    func pipelined() throws {
        try server.start()
        let header = try server.makeNode()
        let metadata = RawConnection.get("/v1/nodes/n/metadata", header)
        let connection = try RawConnection(port: server.port)
        // It is ready from now on.
        connection.send(metadata)
        #expect(connection.answer()?.status == 200)
        let paths = (0..<60).map { ["m", "/healthz", "m", "m", "/readyz", "/none"][$0 % 6] }
        connection.send(paths.map { $0 == "m" ? metadata : RawConnection.get($0) }.joined())
        for path in paths {
            let answer = connection.answer()
            switch path {
            case "m": #expect(answer?.body == #"{"a": 1}"#)
            case "/none": #expect(answer?.status == 404)
            default: #expect(answer?.body == "ok\n")
            }
        }
        // All of them count, whoever has answered them.
        let count = #"os_metadata_server_requests_total{service="request",method="GET",status="200"} 31"#
        #expect(try server.curl("/metrics").body.contains(count))
    }

    @Test("an answer is the same whether it is ready or has to be made")
    func ready() throws {
        try server.start()
        let header = try server.makeNode()
        func answer(_ options: [String]) throws -> [String] {
            let words = ["/usr/bin/curl", "-s", "-i", "-H", header] + options
            let ended = try ChildProcess(words + ["\(server.address)/v1/nodes/n/metadata"]).run()
            return ended.text.split(whereSeparator: \.isNewline).map(String.init).filter {
                !$0.lowercased().hasPrefix("date:")
            }
        }
        let tag = try #require(try answer(["-I"]).first { $0.lowercased().hasPrefix("etag:") })
        let known = "If-None-Match: \(tag.dropFirst(6))"
        let requests = [
            ["-I"], ["-X", "GET"], ["-H", known], ["-X", "GET", "-d", "x=1"],
            ["-X", "GET", "-H", "Connection: keep-alive"],
        ]
        for (number, options) in requests.enumerated() {
            // A change that the node does not see, and nothing is ready.
            let patch = #"{"instance": {"hostname": "h\#(number)"}}"#
            let changed = try server.curl(
                "/admin/v1/nodes/n", "-X", "PATCH", "-H", server.admin, "-d", patch)
            #expect(changed.status == 200)
            let made = try answer(options)
            #expect(made.first?.contains(options.contains(known) ? "304" : "200") == true, "\(made)")
            let ready = try answer(options)
            // Its time is that of the change.
            #expect(made == ready)
        }
    }

    @Test("white space behind a header's value is none of it, whether the answer is ready or has to be made")
    func whiteSpace() throws {
        try server.start()
        let header = try server.makeNode()
        let connection = try RawConnection(port: server.port, limit: 10)
        func ask(_ headers: String...) -> RawConnection.Answer? {
            connection.ask("GET", "/v1/nodes/n/metadata", headers)
        }
        #expect(ask("\(header) ")?.status == 200)
        let answer = try #require(ask(header))
        let tag = try #require(answer.headers["etag"])
        let date = try #require(answer.headers["last-modified"])
        for known in ["If-None-Match: \(tag)\t", "If-None-Match: * ", "If-Modified-Since: \(date) \t"] {
            #expect(ask(header, known)?.status == 304, "\(known)")
            let start = ContinuousClock.now
            let waited = ask(header, known, "Prefer: wait=1\t")
            #expect(waited?.status == 304 && waited?.headers["preference-applied"] == "wait=1", "\(known)")
            #expect(start.duration(to: .now) > .seconds(0.9), "\(known)")
        }
    }

    @Test(
        "what follows a request for another protocol is not gathered",
        arguments: [
            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n",
            "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
        ])
    func upgrade(request: String) throws {
        try server.start("--idle-timeout", "3")
        let connection = try RawConnection(port: server.port, limit: 2)
        connection.send(request)
        #expect(connection.answer() != nil)
        let before = try #require(server.process?.memory(.peak))
        let junk = [UInt8](repeating: 0x41, count: 1 << 20)
        var sent = 0
        while sent < 200, connection.send(bytes: junk) { sent += 1 }
        let after = try #require(server.process?.memory(.peak))
        #expect(after - before < 32 << 10, "\(sent) MiB sent, \(before) KiB before, \(after) KiB after")
        #expect(eventually { (try? server.connections) == 1 })
    }

    @Test(
        "a connection ends after the answer to whoever does not ask for it to stay",
        arguments: [
            "GET /healthz HTTP/1.0\r\nHost: x\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: TE, close\r\nTE: trailers\r\n\r\n",
            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /v1/nodes/n/metadata HTTP/1.0\r\nHost: 127.0.0.1\r\nTOKEN\r\n\r\n",
        ])
    func persistence(request: String) throws {
        try server.start()
        let header = try server.makeNode()
        let text = request.replacingOccurrences(of: "TOKEN", with: header)
        // The second time the answer may be ready.
        for _ in 0..<2 {
            let connection = try RawConnection(port: server.port, limit: 10)
            connection.send(text)
            let answer = connection.answer()
            #expect(answer?.status == 200 && answer?.headers["connection"] == "close")
            #expect(connection.answer() == nil && connection.isClosed())
        }
    }

    @Test("a connection stays open for whoever goes on to ask, and not for others")
    func idle() throws {
        try server.start("--idle-timeout", "1")
        let header = try server.makeNode()
        let connection = try RawConnection(port: server.port, limit: 10)
        let start = ContinuousClock.now
        // Of answers that are ready, and of one that has to be waited for.
        while start.duration(to: .now) < .seconds(1.5) {
            try #require(connection.ask("GET", "/v1/nodes/n/metadata", [header])?.status == 200)
        }
        let tag = try #require(try server.entityTag(of: "n", header: header))
        let waiting = [header, "If-None-Match: \(tag)", "Prefer: wait=2"]
        #expect(connection.ask("GET", "/v1/nodes/n/metadata", waiting)?.status == 304)
        #expect(connection.ask("GET", "/v1/nodes/n/metadata", [header])?.status == 200)
        let last = ContinuousClock.now
        #expect(connection.isClosed())
        #expect(last.duration(to: .now) > .seconds(0.9))
    }

    @Test(
        "a client that is refused what cannot be read, and stays, is let go",
        arguments: [
            ["GET / HTTP/2.0\r\n\r\n"], ["GET / HTTP/0.9\r\n\r\n"], ["junk\r\n\r\n", "x"],
            ["GET /healthz HTTP/1.1\r\nHost: x\r\n\r\njunk\r\n", "x"],
        ])
    func unreadable(pieces: [String]) throws {
        try server.start("--idle-timeout", "1")
        let connection = try RawConnection(port: server.port, limit: 10)
        for piece in pieces {
            connection.send(piece)
            while let answer = connection.answer(), answer.status == 200 {}
        }
        #expect(eventually(within: 10) { (try? server.connections) == 1 })
        withExtendedLifetime(connection) {}
    }

    @Test("what is sent behind a request that waits is kept, however long that takes")
    func behind() throws {
        try server.start("--idle-timeout", "1")
        let header = try server.makeNode()
        let tag = try #require(try server.entityTag(of: "n", header: header))
        let connection = try RawConnection(port: server.port, limit: 10)
        let body = #"{"metadata": {"b": 2}}"#
        connection.send(
            RawConnection.get("/v1/nodes/n/metadata", header, "If-None-Match: \(tag)", "Prefer: wait=2")
                + "PATCH /admin/v1/nodes/n HTTP/1.1\r\nHost: x\r\n\(server.admin)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body.prefix(9))")
        #expect(connection.answer()?.status == 304)
        connection.send(String(body.dropFirst(9)))
        #expect(connection.answer()?.status == 200)
        #expect(try server.node("n", "metadata", "b") == "2")
    }

    @Test("a stop answers what had come before it, and ends the connection")
    func stoppedBetween() throws {
        try server.start()
        let header = try server.makeNode()
        let tag = try #require(try server.entityTag(of: "n", header: header))
        let waiting = RawConnection.get(
            "/v1/nodes/n/metadata", header, "If-None-Match: \(tag)", "Prefer: wait=60")
        let metadata = RawConnection.get("/v1/nodes/n/metadata", header)
        let connection = try RawConnection(port: server.port, limit: 10)
        let unused = try RawConnection(port: server.port, limit: 10)
        connection.send(waiting + metadata + RawConnection.get("/healthz") + metadata)
        #expect(eventually { (try? server.metric("os_metadata_server_waiting_requests")) == 1 })
        #expect(server.stop() == 0)
        #expect((0..<4).map { _ in connection.answer()?.status } == [304, 200, 200, 200])
        #expect(connection.isClosed() && unused.isClosed())
    }

    @Test("one address may have so many connections, and others theirs")
    func perAddress() throws {
        try server.start("--max-connections-per-address", "2", listen: ["0.0.0.0:0"])
        var open = try (0..<2).map { _ in try RawConnection(port: server.port, limit: 10) }
        #expect(open.allSatisfy { $0.ask("GET", "/healthz")?.status == 200 })
        #expect(try RawConnection(port: server.port, limit: 10).isClosed())
        let url = "http://127.0.0.1:\(server.port)/healthz"
        #expect(try server.curl(url, "--interface", "127.0.0.2").body == "ok")
        open.removeLast()
        #expect(eventually { (try? server.curl(url).body) == "ok" })
    }

    @Test("a client that stalls in the handshake of TLS is let go")
    func handshake() throws {
        let made = try Certificates()
        try server.start(
            "--idle-timeout", "1", "--tls-certificate", made.certificate("server"), "--tls-key",
            made.key("server"), listen: ["https://127.0.0.1:0"])
        let connection = try RawConnection(port: server.port, limit: 10)
        // The head of a record that does not come.
        connection.send(bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        #expect(connection.isClosed())
    }
}
