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
        get throws {
            let lines = try server.curl("/metrics").body.split(separator: "\n")
            return lines.first { $0.hasPrefix("os_metadata_server_waiting_requests ") }
                .flatMap { Int($0.split(separator: " ")[1]) }
        }
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

    @Test("TLS; SIGHUP brings a new certificate, and one that cannot be used changes nothing")
    func certificates() throws {
        let made = try Certificates()
        for (name, from) in [("server.pem", made.certificate("server")), ("server.key", made.key("server"))] {
            try FileManager.default.copyItem(atPath: from, toPath: server.directory.file(name))
        }
        try server.start(
            "--tls-certificate", server.directory.file("server.pem"), "--tls-key",
            server.directory.file("server.key"), listen: ["127.0.0.1:0", "https://127.0.0.1:0"])
        let secure = try #require(server.output.split(separator: "\n").first { $0.contains("https://") })
        let url = "\(secure.split(separator: " ").last ?? "")/healthz"
        #expect(try server.curl(url, "--cacert", made.authority).body == "ok")
        #expect(try server.curl(url).status == 0)

        func replace(_ name: String, _ key: String) throws {
            for (file, from) in [("server.pem", made.certificate(name)), ("server.key", made.key(key))] {
                try FileManager.default.removeItem(atPath: server.directory.file(file))
                try FileManager.default.copyItem(atPath: from, toPath: server.directory.file(file))
            }
            server.process?.signal(SIGHUP)
        }
        try replace("elsewhere", "server")
        #expect(eventually { server.errors.contains("is not that of the certificate") }, "\(server.errors)")
        #expect(try server.curl(url, "--cacert", made.authority).body == "ok")
        try replace("elsewhere", "elsewhere")
        // For another host: the name does not fit any more.
        #expect(eventually { (try? server.curl(url, "--cacert", made.authority).status) == 0 })
        #expect(try server.curl(url, "-k").body == "ok")
    }

    @Test("several addresses, a unix socket among them; proxies there say who asks")
    func addresses() throws {
        let socket = server.directory.file("sock")
        try server.start(
            "--trusted-proxy", "unix", listen: ["127.0.0.1:0", "[::1]:0", "unix:\(socket)"])
        #expect(server.output.split(separator: "\n").count == 3)
        let six = try #require(server.output.split(separator: "\n").first { $0.contains("[::1]") })
        #expect(try server.curl("\(six.split(separator: " ").last ?? "")/healthz").body == "ok")
        _ = try server.ctl("node", "create", "n", "--address", "10.9.9.9")
        let path = "http://localhost/latest/meta-data/instance-id"
        #expect(try server.curl(path, "--unix-socket", socket).status == 404)
        #expect(try server.curl(path, "--unix-socket", socket, "-H", "X-Forwarded-For: 10.9.9.9").body == "n")
        #expect(
            try server.curl("/latest/meta-data/instance-id", "-H", "X-Forwarded-For: 10.9.9.9").status == 404)
    }

    @Test("a socket that the service manager listens on")
    func socketActivation() throws {
        let script = """
            import os, socket, sys
            s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
            open("port", "w").write(str(s.getsockname()[1]))
            os.dup2(s.fileno(), 3); os.set_inheritable(3, True)
            os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
            os.execv(sys.argv[1], sys.argv[1:])
            """
        try server.start(listen: [], command: ["/usr/bin/python3", "-c", script])
        #expect(server.output.contains("the socket 3 of the service manager"))
        let port = server.directory.text("port") ?? ""
        #expect(try server.curl("http://127.0.0.1:\(port)/healthz").body == "ok")
        #expect(server.stop() == 0)
    }

    @Test("encryption at rest: the files hold no secret, and without its key the store stays closed")
    func encryption() throws {
        try server.directory.write("key", String(repeating: "0123456789abcdef", count: 4) + "\n", mode: 0o600)
        try server.directory.write("other", String(repeating: "0", count: 64), mode: 0o600)
        try server.directory.write(
            "both",
            String(repeating: "0", count: 64) + "\n" + String(repeating: "0123456789abcdef", count: 4),
            mode: 0o600)
        try server.directory.write("m.yaml", "{password: Heifs23jk3, text: plain-words}")
        try server.start("--encryption-key-file", server.directory.file("key"))
        _ = try server.ctl("node", "create", "n", "--metadata", "m.yaml")
        let token = try server.node("n", "credentials", "request", "token")
        #expect(server.stop() == 0)
        let files = try FileManager.default.contentsOfDirectory(atPath: server.directory.file("store"))
        #expect(files.contains("store.db"))
        for file in files {
            let bytes = FileManager.default.contents(atPath: server.directory.file("store/\(file)")) ?? Data()
            for secret in ["Heifs23jk3", "plain-words", token] {
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file)")
            }
        }
        #expect(throws: ChildProcess.Failure.self) { try server.start() }
        #expect(server.errors.contains("the records are encrypted, and no key is given"))
        #expect(throws: ChildProcess.Failure.self) {
            try server.start("--encryption-key-file", server.directory.file("other"))
        }
        #expect(server.errors.contains("does not open with the key that is given"), "\(server.errors)")
        // A new key in front, the old one behind.
        try server.start("--encryption-key-file", server.directory.file("both"))
        #expect(try server.metadata(of: "n").body.contains("Heifs23jk3"))
    }

    @Test("the files of the store are its owner's, and another server is not let at them")
    func store() throws {
        try server.start()
        for (name, mode) in [("store", 0o700), ("store/store.db", 0o600), ("store/admin-token", 0o600)] {
            var status = stat()
            #expect(
                stat(server.directory.file(name), &status) == 0 && Int(status.st_mode & 0o777) == mode,
                "\(name)")
        }
        let second = try ChildProcess([
            Programs.path("os-metadata-server"), "--store", server.directory.file("store"), "--listen",
            "127.0.0.1:0",
        ]).run()
        #expect(second.status == 1 && second.errorText.contains("another server has the store"))
        let busy = try ChildProcess([
            Programs.path("os-metadata-server"), "--store", server.directory.file("other"), "--listen",
            "127.0.0.1:\(server.port)",
        ]).run()
        #expect(
            busy.status == 1 && busy.errorText.contains("cannot listen on http://127.0.0.1:\(server.port)"))
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

    @Test("what could not be read again is not kept: the node stays, and the server starts")
    func unreadable() throws {
        try server.start()
        _ = try node()
        func send(_ method: String, _ path: String, _ body: String) throws -> Int {
            try server.curl("/admin/v1/nodes/\(path)", "-X", method, "-H", server.admin, "-d", body).status
        }
        #expect(try send("POST", "n/deployments", #"{"name": "a", "id": "x", "config": ""}"#) == 201)
        #expect(try send("POST", "n/deployments", #"{"name": "b", "id": "x", "config": ""}"#) == 409)
        let deep = String(repeating: "[", count: 511) + String(repeating: "]", count: 511)
        #expect(try send("PUT", "n/metadata", "{\"a\": \(deep)}") == 422)
        #expect(try send("PUT", "n/credentials", "[]") == 422)
        #expect(try send("POST", "n/rollback", #"{"revision": "1"}"#) == 400)
        #expect(try send("DELETE", "n%00x", "") == 422)
        #expect(server.stop() == 0)
        try server.start()
        #expect(try server.ctl("node", "list").status == 0)
        #expect(try send("DELETE", "n", "") == 204)
    }

    @Test("a name with NUL is nobody's, and a token that was replaced ends everywhere")
    func replacedToken() throws {
        try server.start()
        let header = try node()
        for name in ["n%00", "n%00x"] {
            #expect(try server.curl("/v1/nodes/\(name)/metadata", "-H", header).status == 401)
        }
        let made = try server.curl(
            "/admin/v1/nodes/n/credentials", "-X", "PUT", "-H", server.admin, "-d", #"{"request": {}}"#)
        #expect(made.status == 200)
        #expect(try server.curl("/v1/nodes/n/metadata", "-H", header).status == 401)
        #expect(try server.metadata(of: "n").status == 200)
    }

    @Test("with node files, nodes are changed there and nowhere else")
    func files() throws {
        try server.directory.write("tokens", "0123456789abcdef\n", mode: 0o600)
        try server.directory.write("nodes/n.yaml", "metadata: {a: 1}\n")
        let process = try ChildProcess([
            Programs.path("os-metadata-server"), "--nodes", server.directory.file("nodes"), "--listen",
            "127.0.0.1:0",
            "--admin-token-file", server.directory.file("tokens"),
        ]).start(output: server.directory.file("out"), errorOutput: server.directory.file("err"))
        defer {
            process.signal(SIGKILL)
            _ = process.wait(limit: 10)
        }
        #expect(eventually { server.output.contains("listening on") })
        let address = server.output.split(separator: " ").last?.trimmingCharacters(in: .newlines) ?? ""
        let admin = "Authorization: Bearer 0123456789abcdef"
        #expect(try server.curl("\(address)/admin/v1/nodes/n/metadata", "-H", admin).body == #"{"a": 1}"#)
        let refused = try server.curl("\(address)/admin/v1/nodes/n", "-X", "PUT", "-H", admin, "-d", "{}")
        #expect(refused.status == 409 && refused.body.contains("change them there"))
    }
}
