// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Tests of os-apply-config on two templates, with an output root that is not there at first.
protocol ApplySandbox {
    var directory: TemporaryDirectory { get }
}

extension ApplySandbox {
    static func makeDirectory() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try directory.write("m.json", #"{"v": "new", "n": {"host": "h"}}"#)
        try directory.write("t/etc/a", "{{v}} a\n")
        try directory.write("t/etc/b", "{{v}} b\n")
        return directory
    }

    func command(_ extra: [String] = [], prefix: [String] = []) -> ChildProcess {
        let words = ["--log-file", "none", "-t", "t", "-m", "m.json", "--fallback-metadata", "-o", "out"]
        return ChildProcess(
            prefix + [Programs.path("os-apply-config")] + words + extra, in: directory.path)
    }

    func apply(_ extra: String...) throws -> ChildProcess.Ended { try command(extra).run() }

    func status(_ name: String) -> stat {
        var status = stat()
        lstat(directory.file(name), &status)
        return status
    }
}
