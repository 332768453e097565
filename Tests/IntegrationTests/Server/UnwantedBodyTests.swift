// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Bodies that the metadata server wants when it has read the head, or not at all")
struct UnwantedBodyTests {
    private static let healthz = RawConnection.get("/healthz")

    private let server: ServerSandbox

    init() throws { server = try ServerSandbox() }

    @Test("who has an answer already may not send the rest of his request for ever")
    func trickle() throws {
        try server.start("--idle-timeout", "2")
        let connection = try RawConnection(port: server.port, limit: 1)
        connection.send("POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(connection.answer()?.status == 404)
        // A byte each time that nothing has come for a while: it is never idle for long.
        var sent = 0
        while sent < 20, connection.send("1\r\nx\r\n"), !connection.isClosed() { sent += 1 }
        #expect(sent < 10, "after \(sent) seconds")
    }

    @Test("a client that waits to be told so is told that its body is wanted, in its turn, or is refused")
    func expectation() throws {
        try server.start()
        let connection = try RawConnection(port: server.port, limit: 10)
        func put(_ header: String, _ version: String = "HTTP/1.1", end: String = "") -> String {
            let headers = [header, "Host: x", "Expect: 100-Continue\(end)", "Content-Length: 2"]
            return "PUT /admin/v1/nodes/n \(version)\r\n\(headers.joined(separator: "\r\n"))\r\n\r\n"
        }
        for end in ["", " \t"] {
            connection.send(Self.healthz + put(server.admin, end: end))
            #expect(connection.answer()?.body == "ok\n")
            #expect(connection.answer()?.status == 100)
            connection.send("{}")
            #expect(connection.answer()?.status == 200)
        }
        // What comes next is not taken for the body that was not wanted, nor for a request.
        connection.send(put("Authorization: Bearer x"))
        let refused = connection.answer()
        #expect(refused?.status == 401 && refused?.headers["connection"] == "close")
        connection.send(Self.healthz)
        #expect(connection.answer() == nil)
        // It did not know of this before HTTP/1.1.
        for persistence in ["close", "keep-alive"] {
            let old = try RawConnection(port: server.port, limit: 10)
            old.send(put("Connection: \(persistence)\r\n\(server.admin)", "HTTP/1.0"))
            old.send("{}")
            #expect(old.answer()?.status == 200)
        }
    }

    @Test(
        "who sends all of a large body that nobody wants gets his answer, also when he does not read before")
    func unwantedBody() throws {
        try server.start()
        let size = 12 << 20
        for version in ["1.0", "1.1"] {
            let connection = try RawConnection(port: server.port, limit: 10)
            connection.send(
                "PUT /admin/v1/nodes/n HTTP/\(version)\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
            let body = [UInt8](repeating: 0x20, count: size)
            let isSent = connection.send(bytes: body)
            #expect(isSent, "HTTP/\(version)")
            #expect(connection.answer()?.status == 401, "HTTP/\(version)")
        }
    }

    @Test(
        "a rest of a request that cannot be read has no answer of its own, whenever it comes",
        arguments: [true, false])
    func unreadableRest(inOneGo: Bool) throws {
        try server.start()
        let connection = try RawConnection(port: server.port, limit: 10)
        let head = "POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.send(inOneGo ? head + "no size\r\n" : head)
        #expect(connection.answer()?.status == 404)
        if !inOneGo { connection.send("no size\r\n") }
        #expect(connection.answer() == nil && connection.isClosed())
    }

    @Test("a stop leaves it to a client to send the rest of what was refused, and then has its answer")
    func stopped() throws {
        try server.start()
        let connection = try RawConnection(port: server.port, limit: 10)
        connection.send("PUT /admin/v1/nodes/n HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n")
        #expect(eventually { (try? server.curl("/metrics").body.contains(#"status="401""#)) == true })
        server.process?.signal(SIGTERM)
        #expect(eventually { (try? RawConnection(port: server.port)) == nil })
        // Two that are not to be sent to who has closed.
        for _ in 0..<2 { #expect(connection.send(bytes: [UInt8](repeating: 0x20, count: 1_000_000))) }
        #expect(connection.answer()?.status == 401)
        #expect(connection.isClosed())
        #expect(server.process?.wait(limit: 20) == 0)
    }

    @Test("who waits to be told that his body is wanted may wait for the answer, however long that takes")
    func waiting() throws {
        try server.start("--idle-timeout", "1")
        let header = try server.makeNode()
        let tag = try #require(try server.entityTag(of: "n", header: header))
        let answer = try RawConnection(port: server.port, limit: 10).ask(
            "GET", "/v1/nodes/n/metadata",
            [
                header, "If-None-Match: \(tag)", "Prefer: wait=2",
                "Expect: 100-continue", "Content-Length: 2",
            ])
        #expect(answer?.status == 304 && answer?.headers["connection"] == "close")
    }
}
