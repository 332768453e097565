// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Bad hooks: os-refresh-config says which, and how")
struct BadHookTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test("a signal counts while a hook that ignores it is given its time after a time-out")
    func signalAfterTimeout() throws {
        try directory.write(
            "base/configure.d/10-deaf", "#!/bin/bash\ntrap '' TERM\nwhile :; do read -t 1 <> <(:); done\n",
            mode: 0o755)
        try directory.write("base/error.d/10-error", "#!/bin/sh\ntouch handled\n", mode: 0o755)
        let process = try ChildProcess(
            [Programs.path("os-config"), "os-refresh-config", "--lockfile", "lock", "--timeout", "1"],
            in: directory.path,
            environment: [
                "PATH": "/usr/bin:/bin", "OS_REFRESH_CONFIG_BASE_DIR": "base",
                "OS_REFRESH_CONFIG_STATE_DIR": "state",
            ]
        ).start(output: "/dev/null", errorOutput: directory.file("err"))
        #expect(eventually { directory.text("err")?.contains("Timeout reached: 1s.") == true })
        process.signal(SIGTERM)
        #expect(process.wait(limit: 30) == 143)
        #expect(directory.text("handled") == nil)
    }

    @Test("a hook's failure, and a program that is none, say which and how")
    func hooks() throws {
        try directory.write("base/configure.d/10-bad", "#!/bin/sh\nexit 3\n", mode: 0o755)
        let environment = [
            "PATH": "/usr/bin:/bin", "OS_REFRESH_CONFIG_BASE_DIR": "base",
            "OS_REFRESH_CONFIG_STATE_DIR": "state",
        ]
        let command = ChildProcess(
            [Programs.path("os-config"), "os-refresh-config", "--lockfile", "lock"], in: directory.path,
            environment: environment)
        let failed = try command.run()
        #expect(failed.status == 1)
        #expect(failed.errorText.contains("during configure phase. [base/configure.d/10-bad: exit status 3]"))
        try directory.write("base/configure.d/10-bad", "#!/no/such/shell\n", mode: 0o755)
        #expect(
            try command.run().errorText.contains(
                "cannot run base/configure.d/10-bad: its interpreter /no/such/shell: No such file or directory"
            ))
    }
}
