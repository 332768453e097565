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
            ("collector", collector), ("change", change), ("server", server), ("long-polls", longPolls),
            ("store", store), ("size", size),
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

    // MARK: Ports

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
    static func withLoopbackSocket(
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
