// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The metadata server in operation")
struct ServerOperationTests {
    private let server: ServerSandbox

    init() throws { server = try ServerSandbox() }

    /// A node, and the header with its token.
    private func node(_ name: String = "n") throws -> String {
        _ = try server.ctl("node", "create", name)
        return "Authorization: Bearer \(try server.node(name, "credentials", "request", "token"))"
    }

    /// A request that waits for a change of the node n.
    private func waiting(_ header: String, port: Int? = nil) throws -> RawConnection {
        let connection = try RawConnection(port: port ?? server.port)
        let first = connection.ask("GET", "/v1/nodes/n/metadata", [header])
        let tag = try #require(first?.headers["etag"])
        connection.send(
            "GET /v1/nodes/n/metadata HTTP/1.1\r\nHost: 127.0.0.1\r\n\(header)\r\nIf-None-Match: \(tag)\r\nPrefer: wait=60\r\n\r\n"
        )
        #expect(eventually { (try? waitingRequests) == 1 })
        return connection
    }

    private var waitingRequests: Int? {
        get throws { try server.metric("os_metadata_server_waiting_requests") }
    }

    @Test("it stops at once, whatever is open: waiting requests are answered")
    func stopping() throws {
        try server.start()
        let header = try node()
        let poll = try waiting(header)
        let events = try RawConnection(port: server.port)
        events.send(
            "GET /admin/v1/events HTTP/1.1\r\nHost: x\r\n\(server.admin)\r\nAccept: text/event-stream\r\n\r\n"
        )
        #expect(events.answer()?.status == 200)
        let idle = try RawConnection(port: server.port)
        let half = try RawConnection(port: server.port)
        half.send("GET /healthz HTTP/1.1\r\nHost")
        let start = Date()
        #expect(server.stop() == 0)
        #expect(Date().timeIntervalSince(start) < 5)
        #expect(poll.answer()?.status == 304)
        #expect(idle.isClosed())
    }

    @Test("a client that has gone is let go within a second")
    func vanished() throws {
        try server.start()
        var connection: RawConnection? = try waiting(try node())
        #expect(connection != nil)
        connection = nil
        #expect(eventually(within: 1) { (try? waitingRequests) == 0 })
    }

    @Test("a change that makes no difference to a node does not end its wait")
    func indifferent() throws {
        try server.start()
        let connection = try waiting(try node())
        let patch = #"{"instance": {"addresses": ["10.0.0.1"]}}"#
        _ = try server.curl("/admin/v1/nodes/n", "-X", "PATCH", "-H", server.admin, "-d", patch)
        #expect(eventually { (try? waitingRequests) == 1 })
        _ = try server.ctl("node", "set", "n", "a=1")
        #expect(connection.answer()?.body == #"{"a": "1"}"#)
    }

    @Test("limits: connections beyond are closed, addresses that ask too much are told to wait")
    func limits() throws {
        try server.start("--max-connections", "3", "--max-rate", "5", "--idle-timeout", "1")
        let open = try (0..<3).map { _ in try RawConnection(port: server.port, limit: 10) }
        #expect(open.allSatisfy { $0.ask("GET", "/healthz")?.status == 200 })
        let fourth = try RawConnection(port: server.port, limit: 10)
        #expect(fourth.isClosed())
        let statuses = (0..<20).map { _ in open[0].ask("GET", "/healthz")?.status }
        #expect(statuses.contains(429) && statuses.first == 200)
        // Nobody uses them.
        #expect(open.allSatisfy { $0.isClosed() })
        let slow = try RawConnection(port: server.port, limit: 10)
        slow.send("GET /healthz HTTP/1.1\r\nHos")
        #expect(slow.isClosed())
    }

    @Test("a line of JSON for each request, without query and token; and for each change, who made it")
    func logs() throws {
        try server.directory.write(
            "tokens", "# who may\nalice:a-token-of-alice-1\nbob:a-token-of-bob-123\n", mode: 0o600)
        try server.start(
            "--access-log", server.directory.file("access"), "--audit-log", server.directory.file("audit"),
            "--admin-token-file", server.directory.file("tokens"))
        let admin = "Authorization: Bearer a-token-of-bob-123"
        #expect(
            try server.curl("/admin/v1/nodes/n?x=secret", "-X", "PUT", "-H", admin, "-d", "{}").status == 200)
        #expect(
            try server.curl("/admin/v1/nodes/n", "-H", "Authorization: Bearer a-token-of-carol-1").status
                == 401)
        func lines(_ file: String) -> [[String: Any]] {
            (server.directory.text(file) ?? "").split(separator: "\n").compactMap {
                try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
        }
        #expect(eventually { lines("access").count == 2 })
        let first = lines("access")[0]
        #expect(first["method"] as? String == "PUT" && first["path"] as? String == "/admin/v1/nodes/n")
        #expect(first["status"] as? Int == 200 && first["client"] as? String == "127.0.0.1")
        #expect(first["service"] as? String == "admin" && first["seconds"] is Double)
        #expect(server.directory.text("access")?.contains("secret") == false)
        let audit = lines("audit")
        #expect(audit.count == 1)
        #expect(audit[0]["author"] as? String == "bob" && audit[0]["node"] as? String == "n")
        // Moved away, the log is begun anew.
        rename(server.directory.file("access"), server.directory.file("access.1"))
        server.process?.signal(SIGHUP)
        #expect(eventually { server.directory.text("access") != nil })
        _ = try server.curl("/healthz")
        #expect(eventually { lines("access").last?["path"] as? String == "/healthz" })
    }

    @Test("health, readiness and counts")
    func health() throws {
        try server.start()
        #expect(try server.curl("/healthz") == (200, "ok"))
        #expect(try server.curl("/readyz") == (200, "ok"))
        let metrics = try server.curl("/metrics").body
        #expect(
            metrics.contains(
                #"os_metadata_server_requests_total{service="operation",method="GET",status="200"} 2"#))
        #expect(metrics.contains("os_metadata_server_connections "))
    }

}
