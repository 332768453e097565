// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("An apply is all or nothing", .serialized)
struct TransactionTests: ApplySandbox {
    let directory: TemporaryDirectory

    init() throws {
        directory = try Self.makeDirectory()
    }

    /// The system calls of an apply that are among `names`.
    private func calls(_ names: String, _ extra: String...) throws -> [String] {
        let tracer = ["/usr/bin/strace", "-f", "-qq", "-o", directory.file("trace"), "-e", "trace=\(names)"]
        #expect(try command(extra, prefix: tracer).run().status == 0)
        return (directory.text("trace") ?? "").split(separator: "\n").map(String.init)
    }

    @Test("what is unchanged is not touched: no write, no rename, no sync (D4, BUG 16)")
    func unchanged() throws {
        #expect(try apply().status == 0)
        let before = status("out/etc/a")
        let parent = status("out/etc")
        let changes =
            "openat,openat2,renameat,renameat2,rename,fsync,fdatasync,syncfs,unlinkat,mkdirat,fchmod,fchown,utimensat"
        let made = try calls(changes).filter { call in
            let opens = call.contains("open")
            return !opens
                || (call.contains("O_CREAT") || call.contains("O_WRONLY") || call.contains("O_RDWR"))
        }
        // The lock of a killed run is looked for, and not found.
        #expect(made.filter { !$0.contains(".os-config.lock") }.isEmpty, "\(made)")
        let after = status("out/etc/a")
        #expect(after.st_ino == before.st_ino && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
        #expect(status("out/etc").st_mtim.tv_nsec == parent.st_mtim.tv_nsec)
    }

    @Test(
        "a few files are synchronised one by one, many with their file system, and none with --no-sync (D1, BUG 17)"
    )
    func durability() throws {
        let names = "fsync,fdatasync,syncfs"
        let few = try calls(names)
        #expect(few.count { $0.contains("fdatasync") } == 2 && !few.contains { $0.contains("syncfs") })
        #expect(few.contains { $0.contains("fsync(") })
        for index in 0..<40 { try directory.write("t/etc/many/f\(index)", "{{v}}") }
        let many = try calls(names)
        #expect(many.contains { $0.contains("syncfs") } && !many.contains { $0.contains("fdatasync") })
        try directory.write("m.json", #"{"v": "newer"}"#)
        #expect(try calls(names, "--no-sync").isEmpty)
    }

    @Test("more directories and files than a process may have open at first are no matter")
    func manyFiles() throws {
        for index in 0..<150 {
            try directory.write("t/many/d\(index)/f", "{{v}}")
            try directory.write("t/many/d\(index)/f.oac", "check: test -s {{src}}\n")
        }
        let few = ["/bin/sh", "-c", "ulimit -Sn 64; exec \"$@\"", "sh"]
        let ended = try command(prefix: few).run()
        #expect(ended.status == 0, "\(ended.errorText)")
        #expect(directory.text("out/many/d149/f") == "new")
        let again = try command(prefix: few).run()
        #expect(again.status == 0 && !again.errorText.contains("writing"))
    }

    @Test("a file of somebody else's with a name much like ours stays")
    func foreignTemporary() throws {
        try directory.write("out/etc/.os-config.backup.tmp", "mine")
        #expect(try apply().status == 0)
        #expect(directory.text("out/etc/.os-config.backup.tmp") == "mine")
    }

    @Test("access control lists, attributes and modes of a target are kept", .enabled(if: hasACL))
    func attributes() throws {
        try directory.write("out/etc/a", "old\n", mode: 0o640)
        let target = directory.file("out/etc/a")
        #expect(try ChildProcess(["/usr/bin/setfacl", "-m", "u:12345:rw", target]).run().status == 0)
        let before = try ChildProcess(["/usr/bin/getfacl", "-cnp", target]).run().text
        #expect(before.contains("user:12345:rw-"))
        #expect(try apply().status == 0)
        #expect(directory.text("out/etc/a") == "new a\n")
        #expect(try ChildProcess(["/usr/bin/getfacl", "-cnp", target]).run().text == before)
    }

    private static let hasACL: Bool = {
        guard let directory = try? TemporaryDirectory(), (try? directory.write("f", "")) != nil else {
            return false
        }
        let set = try? ChildProcess(["/usr/bin/setfacl", "-m", "u:12345:rw", directory.file("f")]).run()
        return set?.status == 0
    }()

    @Test(
        "without /proc the command line is what was given, and what needs no program works",
        .enabled(if: geteuid() == 0, "as root only, who can hide /proc"))
    func withoutProc() throws {
        try directory.write("t/etc/a.oac", "mode: 0600\n")
        let hide = [
            "/usr/bin/unshare", "--mount", "/bin/sh", "-c",
            "mount -t tmpfs none /proc; umask 077; exec \"$@\"", "sh",
        ]
        let ended = try command(prefix: hide).run()
        #expect(ended.status == 0, "\(ended.errorText)")
        #expect(directory.text("out/etc/a") == "new a\n")
        #expect(status("out/etc").st_mode & 0o777 == 0o755)
        let key = try ChildProcess(
            hide + [Programs.path("os-apply-config"), "-m", "m.json", "--key", "v"], in: directory.path
        ).run()
        #expect(key.text == "new\n")
        try directory.write("t/etc/p", "#!/bin/sh\ncat\n", mode: 0o755)
        let program = try command(prefix: hide).run()
        #expect(program.status == 1)
        #expect(program.errorText.contains("cannot run, since /proc is not mounted, t/etc/p"))
    }
}
