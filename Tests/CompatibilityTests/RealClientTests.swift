// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("os-collect-config from PyPI, unchanged, asks this metadata server")
struct RealClientTests {
    @Test("with its source", arguments: ["ec2", "cfn", "heat", "request"])
    func source(_ source: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "nodes/n.yaml",
            """
            metadata: {a: {b: [1, 2]}, deployments: [{name: d, config: {x: 1}}]}
            credentials:
              cfn: {access_key_id: AK, secret_access_key: SK, stack_name: st, resource: res}
              heat: {user_id: ab12, password: pw, project_id: pr, stack_id: st/1234, resource_name: res}
              request: {token: t0ken}
            instance: {addresses: ["127.0.0.1"], public_keys: {alice: ssh-ed25519 AAAA}}
            """, mode: 0o600)
        try directory.write("nodes/other.yaml", "credentials: {request: {token: other}}\n", mode: 0o600)
        try directory.write("admin", "a-token-of-the-admin\n", mode: 0o600)
        let server = try ChildProcess(
            [
                Programs.path("os-metadata-server"), "--nodes", directory.file("nodes"), "--listen",
                "127.0.0.1:0", "--admin-token-file", directory.file("admin"),
            ]
        ).start(output: directory.file("out"), errorOutput: directory.file("err"))
        defer {
            server.signal(SIGKILL)
            _ = server.wait(limit: 10)
        }
        #expect(eventually { directory.text("out")?.contains("listening") == true })
        let address =
            directory.text("out")?.split(separator: " ").last?.trimmingCharacters(in: .newlines) ?? ""
        let options = [
            "--cachedir", directory.file("cache"), "--ec2-metadata-url", "\(address)/latest/meta-data",
            "--cfn-metadata-url", "\(address)/v1/", "--cfn-access-key-id", "AK", "--cfn-secret-access-key",
            "SK",
            "--cfn-stack-name", "st", "--cfn-path", "res.Metadata", "--heat-auth-url", "\(address)/v3",
            "--heat-user-id", "ab12", "--heat-password", "pw", "--heat-project-id", "pr", "--heat-stack-id",
            "st/1234", "--heat-resource-name", "res", "--request-metadata-url",
            // It knows no tokens: a URL may hold a password.
            address.replacingOccurrences(of: "://", with: "://n:t0ken@") + "/v1/nodes/n/metadata", source,
        ]
        let administrator = [
            "/usr/bin/curl", "-s", "-H", "Authorization: Bearer a-token-of-the-admin",
            "\(address)/admin/v1/nodes/",
        ]
        func node(_ name: String = "n") throws -> String {
            try ChildProcess(administrator.dropLast() + [administrator.last! + name]).run().text
        }
        #expect(try node().contains(#""revision": 1"#) && !node().contains(#""delivered""#))
        let outputs = try ["\(Programs.originals)/bin", try OurPrograms.directory()].map { programs in
            try ChildProcess(
                ["\(programs)/os-collect-config"] + options,
                environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path, "LANG": "C.UTF-8"]
            ).run()
        }
        #expect(
            outputs[0].status == 0 && outputs[0].text.contains("\"\(source)\": {"), "\(outputs[0].errorText)")
        #expect(outputs[0].text == outputs[1].text)
        // The server knows who has got it: that of EC2 has no metadata of ours.
        // They are kept in their order: when another's is, that of this one would be.
        let other = ["/usr/bin/curl", "-s", "-H", "Authorization: Bearer other"]
        _ = try ChildProcess(other + ["\(address)/v1/nodes/other/metadata"]).run()
        #expect(try eventually { try node("other").contains(#""delivered""#) })
        #expect(try node().contains(#""delivered""#) == (source != "ec2"))
    }
}
