// SPDX-License-Identifier: Apache-2.0

import Foundation
import HostSystem
import SystemPackage
import TestSupport
import Testing

@Suite("Files are staged beside their targets, then renamed")
struct StagedWriteTests {
    private let directory: TemporaryDirectory
    private let root: RootedDirectory

    init() throws {
        directory = try TemporaryDirectory()
        root = try RootedDirectory(FilePath(directory.path))
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func status(_ name: String) -> stat {
        var status = stat()
        lstat(directory.file(name), &status)
        return status
    }

    @Test("nothing is seen before the commit, and everything after it")
    func commit() throws {
        try directory.write("b", "old")
        let staged = StagedWrite(in: root)
        #expect(try staged.stage("etc/a", bytes("new"), .init()).change == .write)
        #expect(try staged.stage("b", bytes("new"), .init()).change == .write)
        #expect(directory.text("etc/a") == nil)
        #expect(directory.text("b") == "old")
        try staged.commit()
        #expect(directory.text("etc/a") == "new")
        #expect(directory.text("b") == "new")
        #expect(directory.tree() == ["b", "etc", "etc/a"])
    }

    @Test("of two stagings of one path the last one counts")
    func sameTwice() throws {
        try directory.write("a", "second")
        let staged = StagedWrite(in: root)
        #expect(try staged.stage("a", bytes("first"), .init()).change == .write)
        #expect(try staged.stage("a", bytes("second"), .init()).change == .keep)
        try staged.commit()
        #expect(directory.text("a") == "second")
        #expect(directory.tree() == ["a"])
    }

    @Test("what is not committed leaves no trace")
    func abandon() throws {
        try directory.write("b", "old")
        do {
            let staged = StagedWrite(in: root)
            _ = try staged.stage("x/y/a", bytes("new"), .init())
            _ = try staged.stage("b", bytes("new"), .init())
        }
        #expect(directory.tree() == ["b"])
        #expect(directory.text("b") == "old")
    }

    @Test("what is already right is not touched")
    func identical() throws {
        try directory.write("a", "same", mode: 0o640)
        let before = status("a")
        let staged = StagedWrite(in: root)
        #expect(try staged.stage("a", bytes("same"), .init()).change == .keep)
        try staged.commit()
        #expect(status("a").st_ino == before.st_ino)
        #expect(try StagedWrite(in: root).stage("a", bytes("same"), .init(mode: 0o600)).change == .write)
        #expect(try StagedWrite(in: root).stage("a", bytes("some"), .init()).change == .write)
    }

    @Test("mode is the one asked for, else the target's, else 0644; directories are 0755 under any umask")
    func modes() throws {
        let mask = umask(0o077)
        defer { umask(mask) }
        try directory.write("kept", "x", mode: 0o4751)
        let staged = StagedWrite(in: root)
        _ = try staged.stage("new/a", bytes("x"), .init())
        _ = try staged.stage("asked", bytes("x"), .init(mode: 0o600))
        _ = try staged.stage("kept", bytes("y"), .init())
        try staged.commit()
        #expect(status("new/a").st_mode & 0o7777 == 0o644)
        #expect(status("asked").st_mode & 0o7777 == 0o600)
        #expect(status("kept").st_mode & 0o7777 == 0o4751)
        #expect(status("new").st_mode & 0o7777 == 0o755)
    }

    @Test("a link is replaced, never followed out of the root")
    func links() throws {
        let outside = try TemporaryDirectory()
        try outside.write("secret", "outside")
        symlink(outside.file("secret"), directory.file("absolute"))
        symlink(outside.path, directory.file("up"))
        symlink("../../../../../../../../\(outside.path)", directory.file("relative"))
        let staged = StagedWrite(in: root)
        _ = try staged.stage("absolute", bytes("in"), .init())
        // The links name directories that the root does not have: they resolve inside it, and are missing there.
        #expect(throws: HostError.self) { try staged.stage("up/file", bytes("in"), .init()) }
        #expect(throws: HostError.self) { try staged.stage("relative/file", bytes("in"), .init()) }
        try staged.commit()
        #expect(directory.text("absolute") == "in")
        #expect(outside.tree() == ["secret"])
        #expect(outside.text("secret") == "outside")
    }

    @Test(
        "without openat2, links resolve inside the root all the same",
        arguments: ["etc/passwd", "abs/passwd", "rel/passwd", "abs/../etc/passwd", "deep/abs/passwd"])
    func walking(path: String) throws {
        try directory.write("etc/passwd", "inside")
        symlink("/etc", directory.file("abs"))
        symlink("../../../../../../../etc", directory.file("rel"))
        try FileManager.default.createDirectory(
            atPath: directory.file("deep"), withIntermediateDirectories: true)
        symlink("/abs", directory.file("deep/abs"))
        #expect(try root.readByWalking(FilePath(path)) == bytes("inside"))
        #expect(try root.read(FilePath(path)) == bytes("inside"))
    }

    @Test("a circle of links is an error")
    func circle() {
        symlink("two", directory.file("one"))
        symlink("one", directory.file("two"))
        #expect(throws: HostError.self) { try root.readByWalking("one/x") }
        #expect(throws: HostError.self) { try root.read("one/x") }
    }

    @Test("a directory in place of a target is an error, a FIFO is replaced")
    func oddTargets() throws {
        try FileManager.default.createDirectory(
            atPath: directory.file("d"), withIntermediateDirectories: true)
        mkfifo(directory.file("fifo"), 0o620)
        let staged = StagedWrite(in: root)
        #expect(throws: HostError.self) { try staged.stage("d", bytes("x"), .init()) }
        _ = try staged.stage("fifo", bytes("x"), .init())
        try staged.commit()
        #expect(directory.text("fifo") == "x")
        #expect(directory.tree() == ["d", "fifo"])
    }

    @Test("removal takes the link or the file, and tells when there is nothing")
    func removal() throws {
        try directory.write("a", "x")
        symlink("a", directory.file("link"))
        symlink("nowhere", directory.file("dangling"))
        let staged = StagedWrite(in: root)
        #expect(try staged.stageRemoval("link").change == .remove)
        #expect(try staged.stageRemoval("dangling").change == .stayAbsent)
        #expect(try staged.stageRemoval("absent").change == .stayAbsent)
        try staged.commit()
        #expect(directory.tree() == ["a", "dangling"])
    }

    @Test("temporaries of a killed run are cleared, those of a living one are not")
    func abandonedTemporaries() throws {
        try directory.write(".os-config.dead-1.tmp", "x")
        let living = StagedWrite(in: root)
        _ = try living.stage("a", bytes("1"), .init())
        let next = StagedWrite(in: root)
        _ = try next.stage("b", bytes("2"), .init())
        #expect(!directory.tree().contains(".os-config.dead-1.tmp"))
        try living.commit()
        try next.commit()
        #expect(directory.tree() == ["a", "b"])
    }

    @Test("more files than the process may have open are written too")
    func manyFiles() throws {
        let staged = StagedWrite(in: root)
        for number in 0..<3000 { _ = try staged.stage(FilePath("d/\(number)"), bytes("\(number)"), .init()) }
        try staged.commit()
        #expect(directory.text("d/2999") == "2999")
        #expect(directory.tree().count == 3001)
    }

    @Test("extended attributes of the target are kept")
    func attributes() throws {
        try directory.write("a", "old")
        let python = { (code: String) in
            let words = ["/usr/bin/python3", "-c", "import os, sys; \(code)", directory.file("a")]
            return try ChildProcess(words).run()
        }
        let isSupported = try python("os.setxattr(sys.argv[1], 'user.note', b'kept')").status == 0
        let staged = StagedWrite(in: root)
        _ = try staged.stage("a", bytes("new"), .init())
        try staged.commit()
        let kept = try python("print(os.getxattr(sys.argv[1], 'user.note').decode())").text
        #expect(kept == (isSupported ? "kept\n" : ""))
    }
}
