// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Bodies that the metadata server wants when it has read the head, or not at all")
struct UnwantedBodyTests {
    private static let healthz = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

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
        func put(_ header: String, _ version: String = "HTTP/1.1") -> String {
            let headers = [header, "Host: x", "Expect: 100-Continue", "Content-Length: 2"]
            return "PUT /admin/v1/nodes/n \(version)\r\n\(headers.joined(separator: "\r\n"))\r\n\r\n"
        }
        for _ in 0..<2 {
            connection.send(Self.healthz + put(server.admin))
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

    @Test("a rest of a request that cannot be read has no answer of its own")
    func unreadableRest() throws {
        try server.start()
        let connection = try RawConnection(port: server.port, limit: 10)
        connection.send("POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(connection.answer()?.status == 404)
        connection.send("no size\r\n")
        #expect(connection.answer() == nil && connection.isClosed())
    }
}
