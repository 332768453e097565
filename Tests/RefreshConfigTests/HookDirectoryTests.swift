// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import RefreshConfig

@Suite("Hooks are chosen and ordered as run-parts does")
struct HookDirectoryTests {
    @Test("by number, then by bytes; other names, links that dangle and what cannot be run are left out")
    func order() throws {
        let names = [
            "-5-neg", "-x", "0-z", "00-a", "B", "Z9", "_u", "a", "001", "01", "1", "1a", "1e2", "2-a", "9-b",
            "010-d", "10-a", "10_a", "20-b-", "99", "100-c",
        ]
        let directory = try TemporaryDirectory()
        for name in names.reversed() { try directory.write(name, "#!/bin/sh\n", mode: 0o755) }
        try directory.write("50-x.sh", "", mode: 0o755)
        try directory.write("60-not-executable", "", mode: 0o644)
        symlink("nowhere", directory.file("70-dangling"))
        #expect(try HookDirectory(directory.path).hooks == names)
        #expect(try HookDirectory(directory.path, pattern: "sh$").hooks == ["50-x.sh"])
        #expect(try HookDirectory(directory.path, pattern: "").hooks == names)
    }

    @Test(
        "numbers are of any length, with a sign and decimals",
        arguments: [
            ("99999999999999999999-a", "100000000000000000000-a"), ("1.10-a", "1.25-a"), ("-2-a", "-1-a"),
            ("-1-a", "a"), ("a", "0.5-a"),
        ])
    func numbers(smaller: String, larger: String) {
        #expect(LeadingNumber(smaller) < LeadingNumber(larger))
        #expect(!(LeadingNumber(larger) < LeadingNumber(smaller)))
    }
}
