// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The metadata server's nodes on the disk")
struct ServerStoreTests {
    private let server: ServerSandbox

    init() throws { server = try ServerSandbox() }

    /// A node, and the header with its token.
    private func node(_ name: String = "n") throws -> String {
        _ = try server.ctl("node", "create", name)
        return "Authorization: Bearer \(try server.node(name, "credentials", "request", "token"))"
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
        // No document is none, not an empty one.
        for path in ["n", "n/metadata", "n/credentials"] {
            #expect(try send("PUT", path, "") == 400, "\(path)")
        }
        #expect(try server.curl("/admin/v1/nodes?limit=abc", "-H", server.admin).status == 400)
        let stale = try server.curl(
            "/admin/v1/nodes/n/deployments", "-H", server.admin, "-H", "If-Match: \"1\"", "-d",
            #"{"name": "c"}"#)
        #expect(stale.status == 412)
        #expect(try send("POST", "n/rollback", #"{"revision": "1"}"#) == 400)
        for (method, path) in [
            ("DELETE", "n%00x"), ("PUT", "n%00"), ("GET", "n%00"), ("GET", "n%00/history"),
            ("GET", "n%00/signals"),
            ("POST", "n%00/rollback"), ("POST", "n%00/deployments"), ("DELETE", "n%00/deployments/x"),
        ] {
            #expect(try send(method, path, #"{"name": "d"}"#) == 422, "\(method) \(path)")
        }
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
