// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Servers that are not who they should be (C13)")
struct HostileTLSTests {
    /// How `openssl s_server` is to be started, and why it is not believed.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var certificate = "server"
        var options: [String] = []
        let reason: String
    }

    private let sandbox: CollectorSandbox
    private let certificates: Certificates
    private var directory: TemporaryDirectory { sandbox.directory }

    init() throws {
        sandbox = try CollectorSandbox()
        certificates = try Certificates()
    }

    private static let rows = [
        Row(
            testDescription: "an expired certificate", certificate: "expired",
            reason: "certificate has expired"),
        Row(
            testDescription: "a certificate for another host", certificate: "elsewhere",
            reason: "no alternative certificate subject name matches"),
        Row(
            testDescription: "a certificate of another authority", certificate: "stranger",
            reason: "unable to get local issuer certificate"),
        Row(
            testDescription: "TLS 1.1", options: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
            reason: "protocol version"),
    ]

    @Test("the source is down, and the next good answer is taken", arguments: rows)
    func refused(_ row: Row) throws {
        try directory.write("www/x", answer(1))
        var server = try serve("server", port: 0, options: [])
        defer { sandbox.stop(server) }
        let port = try #require(self.port())
        try configure(port)
        let collector = try sandbox.start()
        defer { sandbox.stop(collector) }
        #expect(eventually { last == "{\n \"a\": 1\n}" }, "\(sandbox.logs)")

        sandbox.stop(server)
        try directory.write("www/x", answer(2))
        server = try serve(row.certificate, port: port, options: row.options)
        #expect(eventually { errors.contains(row.reason) }, "\(errors)")
        #expect(last == "{\n \"a\": 1\n}")

        sandbox.stop(server)
        server = try serve("server", port: port, options: [])
        #expect(eventually { last == "{\n \"a\": 2\n}" }, "\(sandbox.logs)")
    }

    private func configure(_ port: Int) throws {
        try sandbox.configure(
            "command = true", "polling_interval = 0.05",
            sections: """
                [request]
                metadata_url = https://127.0.0.1:\(port)/x
                ca_file = \(certificates.authority)
                timeout = 2
                """)
    }

    /// - Parameter port: 0: one that the kernel chooses.
    private func serve(_ certificate: String, port: Int, options: [String]) throws -> RunningProcess {
        try FileManager.default.createDirectory(
            atPath: directory.file("www"), withIntermediateDirectories: true)
        return try ChildProcess(
            [
                "/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-HTTP",
                "-cert", certificates.certificate(certificate), "-key", certificates.key(certificate),
            ] + options, in: directory.file("www")
        ).start(output: directory.file("server"), errorOutput: directory.file("server.err"))
    }

    /// The port that the server says it listens at.
    private func port() -> Int? {
        var port: Int?
        _ = eventually {
            let line = (directory.text("server") ?? "").split(separator: "\n").first {
                $0.hasPrefix("ACCEPT ")
            }
            port = line?.split(separator: ":").last.flatMap { Int($0) }
            return port != nil
        }
        return port
    }

    /// With `-HTTP`, a file is a whole answer.
    private func answer(_ number: Int) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n{\"a\": \(number)}"
    }

    private var last: String? { directory.text("cache/request.json.last") }
    private var errors: String { directory.text("err") ?? "" }
}
