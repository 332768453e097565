// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Where the metadata server listens")
struct ServerListeningTests {
    private let server: ServerSandbox

    init() throws { server = try ServerSandbox() }

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
        var status = stat()
        #expect(stat(socket, &status) == 0 && status.st_mode & 0o777 == 0o666)
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
}
