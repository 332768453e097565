// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("environment.d makes the environment of hooks")
struct HookEnvironmentTests {
    @Test(
        "RR6, RR8: an empty environment.d is nothing; names that are numbered otherwise than they are ordered are warned of"
    )
    func environment() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo $ORDER")
        mkdir(sandbox.directory.file("base/environment.d"), 0o755)
        #expect(try sandbox.run().status == 0)
        for name in ["9-a", "10-b"] {
            try sandbox.directory.write("base/environment.d/\(name)", "export ORDER=\"${ORDER-} \(name)\"\n")
        }
        let ended = try sandbox.run()
        #expect(ended.text == "10-b 9-a\n")
        #expect(ended.errorText.contains("environment.d: 10-b is read before 9-a"))
        try sandbox.directory.write("base/environment.d/9-a", "")
        #expect(try sandbox.run("--log-level", "ERROR").errorText == "")
    }

    @Test("RR10: no value of environment.d reaches a log or a record, at any level")
    func secrets() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "test \"$TOKEN\" = s3cr3t-value; echo 'not this: s3cr3t' >&2")
        try sandbox.directory.write("base/environment.d/10-a", "export TOKEN=s3cr3t-value\n")
        let ended = try sandbox.run("--log-level", "DEBUG", "--capture")
        #expect(ended.status == 0)
        #expect(!ended.errorText.contains("s3cr3t-value"))
        let record = sandbox.directory.tree().first { $0.hasSuffix(".jsonl") }
        #expect(sandbox.directory.text(record ?? "")?.contains("s3cr3t-value") == false)
        #expect(sandbox.directory.text(record ?? "")?.contains("not this") == true)
    }

    @Test("RR12: files of environment.d are bash, may print, and hand their values over byte for byte")
    func bash() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook(
            "configure.d/10-a", "printf '%s|' \"$A\" \"$B\"; env | grep -c '^declared'",
            interpreter: "/bin/bash")
        try sandbox.directory.write(
            "base/environment.d/10-a",
            "echo printed; a=(x y); export A=\"${a[1]}\" B=$'1\\n2'\nlocal declared=1\n")
        let ended = try sandbox.run("--log-level", "ERROR")
        #expect(ended.text == "printed\ny|1\n2|0\n")
    }

    @Test("a file of environment.d that fails is named, since bash often says nothing")
    func failingEnvironment() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo never")
        for name in ["10-a", "30-c"] {
            try sandbox.directory.write("base/environment.d/\(name)", "export V=1\n")
        }
        try sandbox.directory.write("base/environment.d/20-b", "test -e /no/such/file\n")
        let ended = try sandbox.run()
        #expect(ended.status == 1)
        #expect(ended.text == "")
        #expect(
            ended.errorText.contains(
                "bash ended in \(sandbox.directory.file("base/configure.d"))/../environment.d/20-b\n"))
        #expect(try sandbox.hooks().map(\.status) == [1])
    }

    @Test("an environment.d that cannot be read is not taken for an empty one; many files are no hindrance")
    func unreadableEnvironment() throws {
        let sandbox = try RefreshSandbox()
        try sandbox.hook("configure.d/10-a", "echo $LAST")
        for number in 1...1500 {
            try sandbox.directory.write(
                "base/environment.d/a-file-with-a-long-name-for-many-of-them-\(number)",
                "export LAST=\(number)\n")
        }
        #expect(try sandbox.run().text == "999\n")
        guard geteuid() == 0 else { return }
        chmod(sandbox.directory.file("base/environment.d"), 0)
        chmod(sandbox.directory.path, 0o777)
        var program = sandbox.program([])
        program.arguments =
            ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
            + program.arguments.dropLast() + [sandbox.directory.file("nobodys")]
        let ended = try program.run()
        #expect(ended.status == 1)
        #expect(ended.text == "")
        #expect(ended.errorText.contains("/environment.d: Permission denied"))
    }
}
