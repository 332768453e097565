// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The measurements, each in a place of its own below a temporary directory.
struct Bench {
    let programs: String
    let originals: String
    let base: String

    init(programs: String, originals: String) throws {
        self.programs = programs
        self.originals = originals
        var template = Array("/tmp/os-config-bench.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        base = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        // nginx reads its files as another user.
        chmod(base, 0o755)
    }

    func cleanUp() { try? FileManager.default.removeItem(atPath: base) }

    var groups: [(String, () throws -> [Row])] {
        [
            ("key", key), ("trees", trees), ("metadata", largeMetadata), ("template", largeTemplate),
            ("hooks", hooks),
            ("collector", collector), ("change", change), ("server", server), ("size", size),
        ]
    }

    // MARK: Tools

    func directory(_ name: String) throws -> String {
        let path = "\(base)/\(name)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        chmod(path, mode)
    }

    func ours(_ program: String, _ words: String..., in directory: String) -> Command {
        Command(words: ["\(programs)/os-config", program] + words, directory: directory)
    }

    func original(_ program: String, _ words: String..., in directory: String) -> Command {
        var command = Command(words: ["\(originals)/\(program)"] + words, directory: directory)
        command.environment["PATH"] = "\(originals):/usr/bin:/bin"
        return command
    }

    static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    // MARK: os-metadata-server

    private func server() throws -> [Row] {
        let place = try directory("server")
        try write(
            "\(place)/nodes/n.yaml",
            "metadata: {a: {b: value}, l: [1, 2, 3]}\ncredentials: {request: {token: t}}\n", mode: 0o600)
        try write("\(place)/www/metadata", #"{"a": {"b": "value"}, "l": [1, 2, 3]}"#)
        let ports = (Self.freePort(), Self.freePort())
        try write(
            "\(place)/nginx.conf",
            """
            daemon off; pid \(place)/nginx.pid; error_log /dev/null; worker_processes 2;
            events { worker_connections 512; }
            http { access_log off; server { listen 127.0.0.1:\(ports.1); root \(place)/www; } }
            """)
        let ours = Command(words: [
            "\(programs)/os-metadata-server", "--nodes", "\(place)/nodes", "--listen", "127.0.0.1:\(ports.0)",
        ])
        let nginx = Command(words: ["/usr/sbin/nginx", "-p", place, "-c", "\(place)/nginx.conf"])
        let processes = [ours.start(), nginx.start()]
        defer {
            for process in processes {
                kill(process, SIGTERM)
                waitpid(process, nil, 0)
            }
        }
        Self.awaitListener(ports.0)
        Self.awaitListener(ports.1)
        var rates: [[Double]] = [[], []]
        for _ in 0..<3 {
            rates[0].append(Self.requestsPerSecond("http://127.0.0.1:\(ports.0)/v1/nodes/n/metadata"))
            rates[1].append(Self.requestsPerSecond("http://127.0.0.1:\(ports.1)/metadata"))
        }
        let (mine, peer) = (rates[0].median, rates[1].median)
        return [
            Row(
                what: "metadata GET, authorised", ours: mine, peer: peer, peerName: "nginx, a file",
                unit: "/s",
                limit: "ratio ≥ 0.5", ratio: mine / peer, isMet: mine / peer >= 0.5)
        ]
    }

    static func freePort() -> Int {
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return Int(
            UInt16(
                bigEndian: withLoopbackSocket(port: 0) { descriptor, address in
                    _ = bind(descriptor, address, length)
                    _ = getsockname(descriptor, address, &length)
                }.sin_port))
    }

    /// Waits until somebody listens on a port of loopback, for ten seconds at the most.
    static func awaitListener(_ port: Int) {
        for _ in 0..<1000 {
            var isThere = false
            _ = withLoopbackSocket(port: port) { descriptor, address in
                isThere = connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
            if isThere { return }
            usleep(10_000)
        }
    }

    /// Gives a new socket and a port's address, and the address as it is then.
    private static func withLoopbackSocket(
        port: Int, _ body: (Int32, UnsafeMutablePointer<sockaddr>) -> Void
    ) -> sockaddr_in {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(descriptor, $0) }
        }
        return address
    }

    private static func requestsPerSecond(_ url: String) -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/wrk")
        process.arguments = ["-t1", "-c32", "-d4s", "-H", "Authorization: Bearer t", url]
        let pipe = Pipe()
        process.standardOutput = pipe
        guard (try? process.run()) != nil else { return .nan }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let line = text.split(separator: "\n").first { $0.hasPrefix("Requests/sec:") }
        guard !text.contains("Non-2xx") else { return .nan }
        return line.flatMap { Double($0.split(separator: " ").last ?? "") } ?? .nan
    }

    // MARK: Size

    private func size() throws -> [Row] {
        let copy = "\(base)/os-config"
        _ = Command(words: ["/usr/bin/strip", "-o", copy, "\(programs)/os-config"]).run()
        let size = (try FileManager.default.attributesOfItem(atPath: copy)[.size] as? Double) ?? .nan
        let packages = URL(fileURLWithPath: originals).deletingLastPathComponent().path + "/lib"
        let files = FileManager.default.enumerator(atPath: packages)
        var peer = 0.0
        while let file = files?.nextObject() as? String {
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(packages)/\(file)")
            if attributes?[.type] as? FileAttributeType == .typeRegular {
                peer += attributes?[.size] as? Double ?? 0
            }
        }
        return [
            .bound(
                "the three agents, stripped", size / 1e6, "MB", atMost: 18, peer: peer / 1e6,
                "Python packages")
        ]
    }
}
