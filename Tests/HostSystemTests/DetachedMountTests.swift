// SPDX-License-Identifier: Apache-2.0

import Foundation
import HostSystem
import SystemPackage
import TestSupport
import Testing

@Suite("A file system that is mounted nowhere")
struct DetachedMountTests {
    private static let path = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]

    private func run(_ words: String..., in directory: TemporaryDirectory) throws -> String {
        let ended = try ChildProcess(words, in: directory.path, environment: Self.path).run()
        guard ended.status == 0 else { throw ChildProcess.Failure(reason: "\(words): \(ended.errorText)") }
        return ended.text.trimmingCharacters(in: .newlines)
    }

    @Test(
        "its files are read, no link leads out of it, and nobody else sees it",
        .enabled(if: LoopDevice.canHold("ext4")))
    func reading() throws {
        let directory = try TemporaryDirectory()
        try directory.write("tree/a/file", "content")
        symlink("/etc/passwd", directory.file("tree/out"))
        symlink("a/file", directory.file("tree/in"))
        try directory.write("image", String(repeating: "\0", count: 4 << 20))
        _ = try run("mkfs.ext4", "-q", "-d", "tree", "image", in: directory)
        let device = try LoopDevice(directory.file("image"))
        defer { device.detach() }
        let mounts = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)
        do {
            let mount = try DetachedMount(FilePath(device.path), type: "ext4")
            #expect(try mount.read("a/file", limit: 100) == Array("content".utf8))
            #expect(try mount.read("in", limit: 100) == Array("content".utf8))
            #expect(try mount.read("out", limit: 100) == nil)
            #expect(try mount.read("none", limit: 100) == nil)
            #expect(throws: HostError.self) { try mount.read("a/file", limit: 3) }
            #expect(try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8) == mounts)
        }
        // Gone with the value: the device is free again.
        device.detach()
        #expect(throws: HostError.self) { try DetachedMount(FilePath(device.path), type: "ext4") }
    }
}
