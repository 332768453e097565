// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Clients that others have made ask this metadata server")
struct MetadataServerClientTests {
    private let directory: TemporaryDirectory
    private static let python = "\(Programs.root)/.build/peers/bin/python"
    private static let fixtures = "\(Programs.root)/Tests/PeerTests/Fixtures"

    init() throws { directory = try TemporaryDirectory() }

    private func start(_ options: [String], prefix: [String] = []) throws -> RunningProcess {
        let process = try ChildProcess(
            prefix + [Programs.path("os-metadata-server")] + options, in: directory.path,
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        ).start(output: directory.file("out"), errorOutput: directory.file("err"))
        guard eventually({ directory.text("out")?.contains("listening on") == true }) else {
            throw ChildProcess.Failure(reason: directory.text("err") ?? "")
        }
        return process
    }

    private func stop(_ process: RunningProcess) {
        process.signal(SIGKILL)
        _ = process.wait(limit: 10)
    }

    private func json(_ data: Data) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }

    @Test("keystoneauth, python-heatclient, python-zaqarclient and boto3")
    func openStack() throws {
        try directory.write(
            "nodes/n.yaml",
            """
            metadata: {a: {b: [1, 2]}}
            credentials:
              cfn: {access_key_id: AK, secret_access_key: SK, stack_name: st, resource: res}
              heat: {user_id: ab12, password: pw, project_id: pr, stack_id: st/1234, resource_name: res}
            deployments:
            - {name: one, config: x, transport: HEAT_SIGNAL}
            - {name: two, config: x, transport: ZAQAR_SIGNAL}
            """)
        try directory.write("tokens", "0123456789abcdef\n", mode: 0o600)
        let server = try start([
            "--nodes", "nodes", "--listen", "127.0.0.1:0", "--admin-token-file", "tokens",
        ])
        defer { stop(server) }
        let address =
            (directory.text("out") ?? "").split(separator: " ").last?
            .trimmingCharacters(in: .newlines) ?? ""
        let ended = try ChildProcess(
            [Self.python, "\(Self.fixtures)/openstack_clients.py", address, "one", "two"],
            environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path], limit: 120
        ).run()
        #expect(ended.status == 0, "\(ended.errorText)")
        let told = try json(ended.output)
        #expect(told["stacks"] as? [String] == ["st"])
        #expect(told["stack"] as? String == "st/1234")
        #expect(told["endpoint"] as? String == "\(address)/v1/pr")
        #expect(told["resources"] as? [String] == ["one", "res", "two"])
        #expect(told["type"] as? String == "OS::Nova::Server")
        let metadata = told["metadata"] as? [String: Any]
        #expect((metadata?["a"] as? [String: Any])?["b"] as? [Int] == [1, 2])
        #expect((metadata?["deployments"] as? [Any])?.count == 2)
        #expect(told["by name"] as? Bool == true && told["cfn"] as? Bool == true)
        #expect(told["another stack"] as? String == "HTTPNotFound")
        #expect(told["wrong password"] as? String == "Unauthorized")
        #expect(told["wrong secret"] as? String == "SignatureDoesNotMatch")

        let shown = try ChildProcess(
            [
                Programs.path("os-metadata-server"), "ctl", "signals", "n", "-o", "json", "--server", address,
                "--token-file", directory.file("tokens"),
            ]
        ).run()
        let signals = try JSONSerialization.jsonObject(with: shown.output) as? [[String: Any]] ?? []
        #expect(
            signals.map { "\($0["subject"] ?? "") \($0["status"] ?? "")" }
                == ["one COMPLETE", "two FAILED", "ready COMPLETE"], "\(shown.errorText)")
    }

    @Test(
        "cloud-init, in a network where 169.254.169.254 is ours, with its source",
        .enabled(if: geteuid() == 0),
        arguments: ["Ec2", "OpenStack", "NoCloud"])
    func cloudInit(source: String) throws {
        try directory.write(
            "nodes/web.yaml",
            """
            instance:
              addresses: [10.0.0.5]
              id: i-1
              hostname: web.example
              public_keys: {alice: ssh-ed25519 AAAA alice}
              user_data: "#!/bin/sh\\necho hello\\n"
              network_data:
                links: [{id: l, type: phy, ethernet_mac_address: "02:00:00:00:00:05"}]
                networks: [{id: n, type: ipv4_dhcp, link: l}]
                services: []
              vendor_data: {packages: [chrony]}
            """)
        mkdir(directory.file("work"), 0o700)
        let network = try NodeNetwork(hardwareAddress: "02:00:00:00:00:05")
        let server = try start(
            ["--nodes", "nodes", "--listen", "169.254.169.254:80", "--access-log", "access"],
            prefix: network.atServer)
        defer { stop(server) }
        let ended = try ChildProcess(
            network.atNode + [
                Self.python, "\(Self.fixtures)/cloud_init_source.py", source, directory.file("work"),
            ], in: directory.path,
            environment: [
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": directory.path,
                "PYTHONPATH": "\(Programs.root)/.build/peers/cloud-init/usr/lib/python3/dist-packages",
                "DEBUG_PROC_CMDLINE": "ds=nocloud-net;s=http://169.254.169.254/nocloud/",
            ], limit: 120
        ).run()
        #expect(ended.status == 0, "\(ended.errorText)")
        let told = try json(ended.output)
        #expect(told["found"] as? Bool == true)
        #expect(told["instance-id"] as? String == "i-1")
        #expect((told["hostname"] as? String)?.contains("'web'") == true)
        #expect(told["keys"] as? [String] == ["ssh-ed25519 AAAA alice"])
        #expect(told["user-data"] as? String == "#!/bin/sh\necho hello\n")
        #expect(told["network"] as? Bool == (source == "OpenStack"))
        let statuses = (directory.text("access") ?? "").split(separator: "\n")
        #expect(!statuses.isEmpty && statuses.allSatisfy { !$0.contains("\"status\": 5") })
    }
}

/// A network of two machines, a server that has 169.254.169.254 and a node that has 10.0.0.5, until the value goes.
private final class NodeNetwork {
    private let name = "osms\(getpid())x\(UInt16.random(in: 0...9999))"

    var atServer: [String] { ["ip", "netns", "exec", "\(name)s"] }
    var atNode: [String] { ["ip", "netns", "exec", "\(name)n"] }

    init(hardwareAddress: String) throws {
        try ip("netns add \(name)s")
        try ip("netns add \(name)n")
        try ip("link add vs netns \(name)s type veth peer name vn netns \(name)n")
        try ip("-n \(name)n link set vn address \(hardwareAddress)")
        for command in [
            "-n \(name)s addr add 10.0.0.1/24 dev vs", "-n \(name)s addr add 169.254.169.254/32 dev vs",
            "-n \(name)n addr add 10.0.0.5/24 dev vn", "-n \(name)s link set vs up",
            "-n \(name)n link set vn up",
            "-n \(name)s link set lo up", "-n \(name)n link set lo up",
            "-n \(name)n route add 169.254.169.254 dev vn",
        ] {
            try ip(command)
        }
    }

    deinit {
        _ = try? ip("netns del \(name)s")
        _ = try? ip("netns del \(name)n")
    }

    private func ip(_ words: String) throws {
        let ended = try ChildProcess(
            ["ip"] + words.split(separator: " ").map(String.init),
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        ).run()
        guard ended.status == 0 else { throw ChildProcess.Failure(reason: "ip \(words): \(ended.errorText)") }
    }
}
