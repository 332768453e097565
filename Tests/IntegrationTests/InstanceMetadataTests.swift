// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The metadata server as EC2's and OpenStack's metadata service and as NoCloud's seed, asked by curl")
struct InstanceMetadataTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write(
            "nodes/web.yaml",
            """
            instance:
              addresses: ["127.0.0.1"]
              id: i-1
              hostname: web.example
              public_keys: {alice: ssh-ed25519 AAAA, bob: ssh-ed25519 BBBB}
              user_data: "#!/bin/sh\\necho hello\\n"
              network_data: {links: [], networks: [], services: []}
              network_config: {version: 2, ethernets: {eth0: {dhcp4: true}}}
              vendor_data: {packages: [chrony]}
            """)
        try directory.write("nodes/db.yaml", "instance: {addresses: [127.0.0.2, '::1', 10.9.9.9]}\n")
    }

    private final class Server {
        let port: Int
        private let process: RunningProcess

        init(_ directory: TemporaryDirectory, _ options: [String]) throws {
            process = try ChildProcess(
                [
                    Programs.path("os-metadata-server"), "--nodes", directory.file("nodes"), "--listen",
                    "127.0.0.1:0",
                ] + options
            ).start(output: directory.file("out"), errorOutput: directory.file("err"))
            let isUp = eventually { directory.text("out")?.contains("listening on http://") == true }
            guard isUp else { throw ChildProcess.Failure(reason: directory.text("err") ?? "") }
            port =
                directory.text("out")?.split(separator: ":").last
                .flatMap { Int($0.trimmingCharacters(in: .newlines)) } ?? 0
        }

        deinit {
            process.signal(SIGKILL)
            _ = process.wait(limit: 10)
        }

        /// The status and the body, asked from one of the addresses of loopback.
        func ask(_ path: String, from address: String = "127.0.0.1", _ options: String...) throws -> String {
            let ended = try ChildProcess(
                [
                    "/usr/bin/curl", "-s", "--path-as-is", "--interface", address, "--max-time", "30", "-w",
                    " %{http_code}", "http://127.0.0.1:\(port)\(path)",
                ] + options
            ).run()
            return ended.text
        }
    }

    private static let tree = [
        ("/latest/meta-data/", "hostname\ninstance-id\nlocal-hostname\nlocal-ipv4\npublic-keys/"),
        ("/latest/meta-data", "hostname\ninstance-id\nlocal-hostname\nlocal-ipv4\npublic-keys/"),
        ("/latest/meta-data/instance-id", "i-1"), ("/2009-04-04/meta-data/hostname", "web.example"),
        ("/latest/meta-data/local-ipv4", "127.0.0.1"),
        ("/latest/meta-data/public-keys/", "0=alice\n1=bob"),
        ("/latest/meta-data/public-keys/1/", "openssh-key"),
        ("/latest/meta-data/public-keys/1/openssh-key", "ssh-ed25519 BBBB"),
        ("/latest/dynamic/", "instance-identity/"), ("/latest/dynamic/instance-identity/", "document"),
        ("/latest/user-data", "#!/bin/sh\necho hello\n"), ("/latest/", "dynamic\nmeta-data\nuser-data"),
    ]

    @Test("a tree of texts, in each version of the interface")
    func tree() throws {
        let server = try Server(directory, [])
        for (path, text) in Self.tree { #expect(try server.ask(path) == "\(text) 200", "\(path)") }
        let versions = try server.ask("/")
        #expect(versions.hasPrefix("1.0\n2007-01-19\n") && versions.hasSuffix("\nlatest 200"))
        let identity = try server.ask("/latest/dynamic/instance-identity/document")
        #expect(
            identity.contains("\"instanceId\": \"i-1\"") && identity.contains("\"privateIp\": \"127.0.0.1\""))
        // Signed queries at the same place are CloudFormation's.
        #expect(try server.ask("/?Action=X").contains("<Code>InvalidAction</Code>"))
    }

    @Test("a node is told by its address, and sees nothing of another's; nobody else sees anything")
    func addresses() throws {
        let server = try Server(directory, [])
        #expect(try server.ask("/latest/meta-data/instance-id", from: "127.0.0.2") == "db 200")
        #expect(try server.ask("/latest/user-data", from: "127.0.0.2") == " 404")
        for path in Self.tree.map(\.0) {
            #expect(try server.ask(path, from: "127.0.0.3") == " 404", "\(path)")
        }
        for path in [
            "/latest/meta-data/../user-data", "/latest/meta-data/none", "/latest/meta-data/instance-id/x",
            "/1999-01-01/meta-data/instance-id", "/latest/meta-data/%2e%2e/user-data",
        ] {
            #expect(try server.ask(path).hasSuffix(" 404"), "\(path)")
        }
    }

    @Test("OpenStack's documents, in each version of the interface")
    func openStack() throws {
        let server = try Server(directory, [])
        #expect(try server.ask("/openstack").hasSuffix("\n2020-10-14\nlatest 200"))
        #expect(
            try server.ask("/openstack/latest/")
                == "meta_data.json\nuser_data\npassword\nvendor_data.json\nnetwork_data.json 200")
        #expect(
            try server.ask("/openstack/2018-08-27/meta_data.json")
                == #"{"uuid": "i-1", "name": "web", "hostname": "web.example", "launch_index": 0, "#
                + #""public_keys": {"alice": "ssh-ed25519 AAAA", "bob": "ssh-ed25519 BBBB"}, "#
                + #""keys": [{"name": "alice", "type": "ssh", "data": "ssh-ed25519 AAAA"}, "#
                + #"{"name": "bob", "type": "ssh", "data": "ssh-ed25519 BBBB"}]} 200"#)
        #expect(try server.ask("/openstack/latest/user_data") == "#!/bin/sh\necho hello\n 200")
        #expect(try server.ask("/openstack/latest/vendor_data.json") == #"{"packages": ["chrony"]} 200"#)
        #expect(
            try server.ask("/openstack/latest/network_data.json")
                == #"{"links": [], "networks": [], "services": []} 200"#)
        #expect(try server.ask("/openstack/latest/password") == " 200")

        let other = "127.0.0.2"
        #expect(
            try server.ask("/openstack/latest", from: other)
                == "meta_data.json\npassword\nvendor_data.json 200")
        #expect(try server.ask("/openstack/latest/vendor_data.json", from: other) == "{} 200")
        #expect(try server.ask("/openstack/latest/network_data.json", from: other) == " 404")
        for path in ["latest/meta_data.json", "latest/user_data", "latest/password", "latest"] {
            #expect(try server.ask("/openstack/\(path)", from: "127.0.0.3") == " 404", "\(path)")
        }
    }

    @Test("a seed for cloud-init's NoCloud source")
    func noCloud() throws {
        let server = try Server(directory, [])
        #expect(
            try server.ask("/nocloud/meta-data")
                == #"{"instance-id": "i-1", "local-hostname": "web.example", "#
                + #""public-keys": ["ssh-ed25519 AAAA", "ssh-ed25519 BBBB"]} 200"#)
        #expect(try server.ask("/nocloud/user-data") == "#!/bin/sh\necho hello\n 200")
        #expect(try server.ask("/nocloud/vendor-data") == "#cloud-config\n{\"packages\": [\"chrony\"]} 200")
        #expect(
            try server.ask("/nocloud/network-config")
                == #"{"version": 2, "ethernets": {"eth0": {"dhcp4": true}}} 200"#)
        #expect(try server.ask("/nocloud/user-data", from: "127.0.0.2") == " 200")
        #expect(try server.ask("/nocloud/network-config", from: "127.0.0.2") == " 404")
        #expect(try server.ask("/nocloud/meta-data", from: "127.0.0.3") == " 404")
    }

    @Test("X-Forwarded-For counts from proxies that are listed, and from nobody else")
    func proxies() throws {
        let path = "/latest/meta-data/instance-id"
        let header = { (value: String) in "X-Forwarded-For: \(value)" }
        let open = try Server(directory, [])
        #expect(try open.ask(path, from: "127.0.0.3", "-H", header("127.0.0.1")) == " 404")
        let behind = try Server(directory, ["--trusted-proxy", "127.0.0.3", "--trusted-proxy", "10.0.0.1"])
        #expect(try behind.ask(path, from: "127.0.0.3", "-H", header("127.0.0.1")) == "i-1 200")
        #expect(try behind.ask(path, from: "127.0.0.3", "-H", header("::ffff:10.9.9.9")) == "db 200")
        // What the client claims stands in front; the next proxy that is not ours is the one that counts.
        #expect(try behind.ask(path, from: "127.0.0.3", "-H", header("127.0.0.1, 10.9.9.9")) == "db 200")
        #expect(try behind.ask(path, from: "127.0.0.3", "-H", header("127.0.0.1, 10.0.0.1")) == "i-1 200")
        #expect(try behind.ask(path, from: "127.0.0.3", "-H", header("nonsense")) == " 404")
        #expect(try behind.ask(path, from: "127.0.0.2", "-H", header("127.0.0.1")) == "db 200")
    }

    @Test("session tokens of version 2: for one address, for a time; with --imdsv2-only nothing without one")
    func sessionTokens() throws {
        let server = try Server(directory, ["--imdsv2-only"])
        let path = "/latest/meta-data/instance-id"
        let life = "X-aws-ec2-metadata-token-ttl-seconds"
        func token(_ seconds: String, from address: String = "127.0.0.1") throws -> String {
            try server.ask("/latest/api/token", from: address, "-X", "PUT", "-H", "\(life): \(seconds)")
        }
        #expect(try server.ask(path) == " 401")
        // Nor by the services that know no tokens.
        for other in ["/openstack/latest/user_data", "/nocloud/user-data", "/openstack"] {
            #expect(try server.ask(other).hasSuffix(" 404"), "\(other)")
        }
        for wrong in ["0", "21601", "x", ""] { #expect(try token(wrong) == " 400", "\(wrong)") }
        let answer = try token("60")
        #expect(answer.hasSuffix(" 200"))
        let good = String(answer.dropLast(4))
        let header = { (token: String) in "X-aws-ec2-metadata-token: \(token)" }
        #expect(try server.ask(path, "-H", header(good)) == "i-1 200")
        #expect(try server.ask(path, from: "127.0.0.2", "-H", header(good)) == " 401")
        let expires = try #require(Int(good.prefix { $0 != "-" }))
        let longer = "\(expires + 9)\(good.drop { $0 != "-" })"
        for forged in [longer, "", "1-0", String(good.dropLast()), "-", "99999999999999999999-0"] {
            #expect(
                try server.ask(path, "-H", "X-aws-ec2-metadata-token;", "-H", header(forged)) == " 401",
                "\(forged)")
        }
        // The proxy's own address is nobody's.
        #expect(try server.ask("/latest/api/token", "-X", "GET").hasSuffix(" 404"))
    }

    @Test("os-collect-config finds it there, with version 2 too")
    func collector() throws {
        for options in [[], ["--imdsv2-only"]] {
            let server = try Server(directory, options)
            let ended = try ChildProcess(
                [
                    Programs.path("os-config"), "os-collect-config", "--print", "--cachedir",
                    directory.file("cache"), "--ec2-metadata-url",
                    "http://127.0.0.1:\(server.port)/latest/meta-data", "ec2",
                ], environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path]
            ).run()
            let value = try JSONSerialization.jsonObject(with: ended.output) as? [String: [String: Any]]
            #expect(value?["ec2"]?["instance-id"] as? String == "i-1", "\(ended.errorText)")
            let keys = value?["ec2"]?["public-keys"] as? [String: [String: String]]
            #expect(keys?["1"]?["openssh-key"] == "ssh-ed25519 BBBB")
        }
    }
}
