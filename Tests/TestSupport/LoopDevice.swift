// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An image as a disk, until it is detached; for root only.
package struct LoopDevice: Sendable {
    /// `/dev/loop7`, for example.
    package let path: String

    package init(_ image: String) throws {
        let ended = try Self.losetup("--show", "-f", "-r", image)
        guard ended.status == 0 else { throw ChildProcess.Failure(reason: ended.errorText) }
        path = ended.text.trimmingCharacters(in: .newlines)
    }

    package func detach() { _ = try? Self.losetup("-d", path) }

    private static func losetup(_ words: String...) throws -> ChildProcess.Ended {
        try ChildProcess(["losetup"] + words, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]).run()
    }

    /// Whether this system, which may be a container, lets us have one with such a file system.
    package static func canHold(_ type: String) -> Bool {
        let known = (try? String(contentsOfFile: "/proc/filesystems", encoding: .utf8)) ?? ""
        guard geteuid() == 0, known.contains("\t\(type)\n"), let directory = try? TemporaryDirectory(),
            let image = try? directory.write("image", String(repeating: "\0", count: 4096))
        else { return false }
        guard let device = try? LoopDevice(image) else { return false }
        device.detach()
        return true
    }
}
