// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Servers of others' making")
struct WebServerTests {
    private let sandbox: CollectorSandbox
    private let server: TemporaryDirectory
    private var directory: TemporaryDirectory { sandbox.directory }

    init() throws {
        sandbox = try CollectorSandbox()
        server = try TemporaryDirectory()
    }

    private func configure(_ port: Int, _ certificates: Certificates, isKnown: Bool = true) throws {
        let own =
            "cert_file = \(certificates.certificate("client"))\nkey_file = \(certificates.key("client"))"
        try sandbox.configure(
            "command = true",
            sections: """
                [request]
                metadata_url = https://127.0.0.1:\(port)/node.json
                ca_file = \(certificates.authority)
                \(isKnown ? own : "")
                """)
    }

    @Test(
        "nginx with TLS and client certificates: HTTP/2, and after the first answer only whether it has changed"
    )
    func nginx() throws {
        let certificates = try Certificates()
        try server.write("www/node.json", #"{"a": 1}"#)
        let nginx = try RealServer("nginx", [server.path, certificates.directory], in: server)
        try configure(nginx.port, certificates)
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        #expect(
            eventually { directory.text("cache/request.json.last") == "{\n \"a\": 1\n}" }, "\(sandbox.logs)")
        #expect(eventually { requests().filter { $0.hasPrefix("304 ") }.count > 2 }, "\(requests())")
        // Replaced as a whole, later than the second of its time stamp.
        try server.write("www/new", #"{"a": 22}"#)
        rename(server.file("www/new"), server.file("www/node.json"))
        #expect(eventually { directory.text("cache/request.json.last") == "{\n \"a\": 22\n}" })
        let seen = requests()
        #expect(seen.filter { $0.hasPrefix("200 ") }.count == 2, "\(seen)")
        #expect(seen.allSatisfy { $0.contains("HTTP/2.0") && $0.contains("CN=client") }, "\(seen)")
    }

    @Test("nginx does not know whoever shows no certificate, and says so")
    func stranger() throws {
        let certificates = try Certificates()
        try server.write("www/node.json", #"{"a": 1}"#)
        let nginx = try RealServer("nginx", [server.path, certificates.directory], in: server)
        try configure(nginx.port, certificates, isKnown: false)
        let text = try sandbox.runOnce().errorText
        #expect(text.contains("/node.json answered 400"), "\(text)")
    }

    /// `status protocol "If-None-Match" subject reused` of each request.
    private func requests() -> [String] {
        (server.text("access.log") ?? "").split(separator: "\n").map(String.init)
    }

    @Test("the instance metadata of moto_server, an imitation of EC2")
    func metadataService() throws {
        let moto = try RealServer("metadata_service", in: server)
        try sandbox.configure(
            "command = true", sources: ["ec2"],
            sections: "[ec2]\nmetadata_url = http://127.0.0.1:\(moto.port)/latest/meta-data")
        let ended = try sandbox.runOnce()
        #expect(ended.status == 0, "\(ended.errorText)")
        #expect(directory.text("cache/ec2.json.last")?.contains("\"iam\": \"") == true, "\(sandbox.logs)")
    }
}
