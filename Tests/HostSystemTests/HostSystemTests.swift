// SPDX-License-Identifier: Apache-2.0

import Foundation
import HostSystem
import SystemPackage
import TestSupport
import Testing

@Suite("The operating system, as the agents use it")
struct HostSystemTests {
    @Test("a lock is held by one, is nobody else's to open, and says who holds it")
    func lock() async throws {
        let directory = try TemporaryDirectory()
        let path = FilePath(directory.file("lock"))
        do {
            let held = try #require(try await FileLock.take(path))
            held.describe(holder: "pid 7\n")
            #expect(directory.text("lock") == "pid 7\n")
            #expect(try await FileLock.take(path) == nil)
            #expect(try await FileLock.take(path, patience: .milliseconds(60)) == nil)
            #expect(FileLock.holder(of: path) == "pid 7")
            var status = stat()
            stat(directory.file("lock"), &status)
            #expect(status.st_mode & 0o777 == 0o600)
        }
        #expect(directory.text("lock") == "")
        // A program that another test starts at this moment may hold a copy until it runs.
        #expect(try await FileLock.take(path, patience: .seconds(20)) != nil)
        await #expect(throws: HostError.self) {
            _ = try await FileLock.take(FilePath(directory.file("no/lock")))
        }
    }

    @Test("a program's output is read to the last holder's end, and it need not read its input")
    func capture() async throws {
        let input = [UInt8](repeating: 0x78, count: 1 << 20)
        let unread = try await CommandRunner.capture(.init("/bin/true"), input: input)
        #expect(unread.ending == .exited(0))
        let read = try await CommandRunner.capture(.init("/bin/cat"), input: input)
        #expect(read.output == input)
        let script = "echo early; (sleep 0.2; echo late) & echo oops >&2; exit 3"
        let late = try await CommandRunner.capture(.init("/bin/sh", ["-c", script]), input: [])
        #expect(late.ending == .exited(3))
        #expect(String(decoding: late.output, as: UTF8.self) == "early\nlate\n")
        #expect(String(decoding: late.errorOutput, as: UTF8.self) == "oops\n")
    }

    @Test("what cannot be run is an error with its cause")
    func unrunnable() async throws {
        let directory = try TemporaryDirectory()
        let empty = try directory.write("empty", "", mode: 0o755)
        await #expect { try await CommandRunner.run(.init(FilePath(empty))) } throws: { error in
            (error as? HostError)?.errno == .execFormatError
        }
        await #expect { try await CommandRunner.run(.init(FilePath(directory.file("no")))) } throws: {
            error in
            (error as? HostError)?.errno == .noSuchFileOrDirectory
        }
        #expect(CommandRunner.Ending.killed(signal: 9).shellStatus == 137)
    }

    @Test("a user of a root is looked up there, and on the host when it has no list")
    func users() throws {
        let directory = try TemporaryDirectory()
        let root = try RootedDirectory(FilePath(directory.path))
        #expect(try UserDatabase(root: root).userID("root") == 0)
        try directory.write("etc/passwd", "root:x:77:7::/:\nbroken\nweb:x:1234:1::/:\n")
        try directory.write("etc/group", "web:x:4321:\n")
        let database = try UserDatabase(root: root)
        #expect(database.userID("root") == 77)
        #expect(database.userID("web") == 1234)
        #expect(database.userID("daemon") == nil)
        #expect(database.groupID("web") == 4321)
    }

    @Test("a directory is replaced by a copy of another, whole")
    func treeReplacement() throws {
        let directory = try TemporaryDirectory()
        try directory.write("from/a", "1", mode: 0o600)
        try directory.write("from/sub/b", "2")
        try directory.write("to/stale", "x")
        try FileTree.replace(FilePath(directory.file("to")), withCopyOf: FilePath(directory.file("from")))
        #expect(
            directory.tree() == [
                "from", "from/a", "from/sub", "from/sub/b", "to", "to/a", "to/sub", "to/sub/b",
            ])
        #expect(directory.text("to/sub/b") == "2")
    }

    @Test("a change in a watched directory is told")
    func watching() async throws {
        let directory = try TemporaryDirectory()
        var changes = try FileWatcher.changes(in: FilePath(directory.path)).makeAsyncIterator()
        try directory.write("a", "x")
        #expect(await changes.next() != nil)
    }

    @Test("extended expressions are POSIX's")
    func expressions() throws {
        #expect(try ExtendedExpression("^[0-9]+$").matches("123".utf8))
        #expect(try !ExtendedExpression("^[0-9]+$").matches("12\n".utf8))
        #expect(try !ExtendedExpression("^[a-z]*$").matches("a\0b".utf8))
        #expect(throws: ExtendedExpression.PatternError.self) { try ExtendedExpression("[") }
    }

    @Test("the members of a process tree are found")
    func processTree() async throws {
        #expect(ProcessTree.members(of: getpid()).first == getpid())
        #expect(ProcessTree.isAlive(getpid()))
        #expect(!ProcessTree.isAlive(Int32.max))
    }
}
