// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("The metadata of the machine itself: EC2 and the config drive (C9, C10, C27)", .serialized)
struct CollectorInstanceTests {
    private let sandbox: CollectorSandbox
    private var directory: TemporaryDirectory { sandbox.directory }
    private static let root = "/latest/meta-data"

    init() throws {
        sandbox = try CollectorSandbox()
    }

    private func configure(_ more: String = "") throws {
        try sandbox.configure(
            "command = true", sources: ["ec2"],
            sections: """
                [ec2]
                metadata_url = http://127.0.0.1:\(sandbox.server.port)\(Self.root)
                timeout = 2
                \(more)
                """)
    }

    /// A service that knows one instance.
    private func serve(_ instance: String, _ more: [StubHTTPServer.Route] = []) {
        sandbox.server.setRoutes(
            more + [
                .init(path: "\(Self.root)/", body: "instance-id"),
                .init(path: "\(Self.root)/instance-id", body: instance),
            ])
    }

    private func runOnce() throws -> [String] {
        let before = sandbox.server.requests.count
        let ended = try sandbox.runOnce()
        #expect(ended.status == 0, "\(ended.errorText)")
        return Array(sandbox.server.requests.dropFirst(before))
    }

    private var instance: String? { directory.text("cache/ec2.json")?.components(separatedBy: "\"")[3] }

    @Test("asked for once; the instance-id once in a boot, and another instance's copy is not used")
    func oncePerBoot() throws {
        try configure()
        serve("i-1")
        #expect(try runOnce() == ["GET \(Self.root)/", "GET \(Self.root)/instance-id"])
        #expect(try runOnce() == [])
        // As after a boot.
        try directory.write("cache/ec2.json.boot", #"{"boot_id": "another", "instance_id": "i-1"}"#)
        #expect(try runOnce() == ["GET \(Self.root)/instance-id"])
        #expect(try runOnce() == [])
        // The disk has become another machine's.
        try directory.write("cache/ec2.json.boot", #"{"boot_id": "another", "instance_id": "i-1"}"#)
        serve("i-2")
        _ = try runOnce()
        #expect(instance == "i-2")
    }

    @Test("what was committed of another instance does not stand in while this one's metadata cannot be had")
    func failingTree() throws {
        try configure()
        serve("i-1")
        _ = try runOnce()
        try directory.write("cache/ec2.json.boot", #"{"boot_id": "another", "instance_id": "i-1"}"#)
        sandbox.server.setRoutes([
            .init(path: "\(Self.root)/instance-id", body: "i-2"), .init(path: "\(Self.root)/", status: 500),
        ])
        let ended = try sandbox.runOnce("--command", "echo \"x$OS_CONFIG_FILES\" >> ran")
        #expect(ended.errorText.contains("answered 500") && !ended.errorText.contains("is used"))
        #expect(directory.text("ran")?.contains("ec2.json") != true)
        // Nor when only the copy itself has been taken away.
        try FileManager.default.removeItem(atPath: directory.file("cache/ec2.json"))
        let again = try sandbox.runOnce()
        #expect(!again.errorText.contains("is used"), "\(again.errorText)")
    }

    @Test("a copy with no record of its boot is used when no service answers, and asked for once only")
    func withoutRecord() throws {
        try configure()
        try directory.write("cache/ec2.json", #"{"instance-id": "i-1"}"#)
        #expect(try runOnce().allSatisfy { $0 == "GET \(Self.root)/instance-id" })
        #expect(instance == "i-1")
        #expect(try runOnce() == [])
    }

    @Test("a copy that was made on another machine is not used when no service answers")
    func foreign() throws {
        try configure()
        try directory.write("cache/ec2.json", #"{"instance-id": "i-1"}"#)
        try directory.write("cache/ec2.json.boot", #"{"boot_id": "another", "product_uuid": "another"}"#)
        let ended = try sandbox.runOnce()
        #expect(ended.errorText.contains("perhaps of another machine, and no service answers"))
        #expect(directory.text("cache/ec2.json.last") == nil)
    }

    @Test(
        "version 2 of the service: a token after a 401, in every request from then on; without one no metadata"
    )
    func tokens() throws {
        let metadata = try StubTokenService()
        try sandbox.configure(
            "command = true", sources: ["ec2"],
            sections: "[ec2]\nmetadata_url = http://127.0.0.1:\(metadata.port)\(Self.root)")
        let ended = try sandbox.runOnce()
        #expect(ended.status == 0 && ended.errorText.isEmpty, "\(ended.errorText)")
        #expect(instance == "i-2")
        #expect(
            metadata.requests == [
                "GET \(Self.root)/ -", "PUT /latest/api/token -", "GET \(Self.root)/ t0ken",
                "GET \(Self.root)/instance-id t0ken",
            ])
    }

    @Test("user data, when it is asked for, also with a copy that has none")
    func userData() throws {
        let route = StubHTTPServer.Route(path: "/latest/user-data", body: "#!/bin/sh\n")
        try configure()
        serve("i-1", [route])
        _ = try runOnce()
        #expect(directory.text("cache/ec2.json")?.contains("user-data") == false)
        try configure("user_data = true")
        #expect(try runOnce() == ["GET /latest/user-data"])
        #expect(directory.text("cache/ec2.json")?.contains(##""user-data": "#!/bin/sh\n""##) == true)
        #expect(try runOnce() == [])
    }

    // MARK: The config drive

    /// Has blkid tell of a disk.
    private func announce(_ device: String, label: String, type: String) throws {
        let text = "DEVNAME=\(device)\\nLABEL=\(label)\\nTYPE=\(type)\\n"
        try directory.write("bin/blkid", "#!/bin/sh\nprintf '\(text)'\n", mode: 0o755)
    }

    private func run(_ words: String...) throws {
        let ended = try ChildProcess(
            words, in: directory.path, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        ).run()
        guard ended.status == 0 else { throw ChildProcess.Failure(reason: "\(words): \(ended.errorText)") }
    }

    @Test(
        "a disk with its label is mounted where nobody sees it, and nowhere when it has been read",
        .enabled(if: LoopDevice.canHold("iso9660")), arguments: ["config-2", "CONFIG-2"])
    func drive(label: String) throws {
        try directory.write(
            "drive/openstack/latest/meta_data.json", #"{"uuid": "u-1", "name": "node"}"#)
        try directory.write("drive/openstack/latest/user_data", "#cloud-config\n")
        try run("genisoimage", "-quiet", "-R", "-V", label, "-o", "image", "drive")
        let disk = try LoopDevice(directory.file("image"))
        defer { disk.detach() }
        let device = disk.path
        try announce(device, label: label, type: "iso9660")
        try configure("user_data = true")
        let before = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)
        let ended = try sandbox.runOnce(path: directory.file("bin"))
        #expect(ended.status == 0 && ended.errorText.isEmpty, "\(ended.errorText)")
        let document = directory.text("cache/ec2.json") ?? ""
        #expect(document.contains("\"uuid\": \"u-1\""))
        #expect(document.contains(##""user-data": "#cloud-config\n""##))
        #expect(sandbox.server.requests.isEmpty)
        #expect(try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) == before)
    }

    @Test("a disk that is mounted already is read where it is", .enabled(if: LoopDevice.canHold("ext4")))
    func mountedDrive() throws {
        try directory.write("drive/ec2/latest/meta-data.json", #"{"instance-id": "i-9"}"#)
        try directory.write("drive/openstack/latest/meta_data.json", #"{"uuid": "u-1"}"#)
        try directory.write("image", String(repeating: "\0", count: 4 << 20))
        try run("mkfs.ext4", "-q", "-d", "drive", "image")
        let disk = try LoopDevice(directory.file("image"))
        defer { disk.detach() }
        let device = disk.path
        try directory.write("place/here", "")
        try run("mount", "-o", "ro", device, directory.file("place"))
        defer { try? run("umount", directory.file("place")) }
        try announce(device, label: "config-2", type: "vfat")
        try configure()
        let ended = try sandbox.runOnce(path: directory.file("bin"))
        #expect(ended.status == 0 && ended.errorText.isEmpty, "\(ended.errorText)")
        #expect(instance == "i-9")
        #expect(sandbox.server.requests.isEmpty)
    }

    @Test(
        "a disk that is damaged is told, and the service is asked", .enabled(if: LoopDevice.canHold("ext4")))
    func damagedDrive() throws {
        try directory.write("image", String(repeating: "x", count: 1 << 20))
        let disk = try LoopDevice(directory.file("image"))
        defer { disk.detach() }
        let device = disk.path
        try announce(device, label: "config-2", type: "vfat")
        try configure()
        serve("i-1")
        let ended = try sandbox.runOnce(path: directory.file("bin"))
        #expect(ended.errorText.contains("the config drive \(device) cannot be used"), "\(ended.errorText)")
        #expect(instance == "i-1")
    }
}

/// Lines in the order in which they came.
private final class Log: Sendable {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    func append(_ line: String) { state.withLock { $0.append(line) } }
}

/// Instance metadata that only whoever has a token may see.
private final class StubTokenService {
    private let listener: HostileServer
    private let log: Log

    var port: Int { listener.port }
    /// `METHOD target token`
    var requests: [String] { log.lines }

    init() throws {
        let log = Log()
        self.log = log
        listener = try HostileServer { head, _ in
            let words = head.split(separator: " ").prefix(2).joined(separator: " ")
            let line = head.split(separator: "\r\n").first {
                $0.lowercased().hasPrefix("x-aws-ec2-metadata-token:")
            }
            let token = line.map { $0.split(separator: " ").last.map(String.init) ?? "" }
            log.append("\(words) \(token ?? "-")")
            switch (words, token) {
            case ("PUT /latest/api/token", nil):
                return [
                    .answer(
                        head.lowercased().contains("token-ttl-seconds: ") ? "200 OK" : "400 Bad", [], "t0ken")
                ]
            case ("GET /latest/meta-data/", "t0ken"): return [.answer("200 OK", [], "instance-id")]
            case ("GET /latest/meta-data/instance-id", "t0ken"): return [.answer("200 OK", [], "i-2")]
            default: return [.answer("401 Unauthorized")]
            }
        }
    }
}
