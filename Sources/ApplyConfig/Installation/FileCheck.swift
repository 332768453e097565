// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage

/// The command of a control file that looks at a staged file before it goes live.
struct FileCheck {
    static let placeholder = "{{src}}"

    let command: String
    /// Nil: for ever.
    let timeLimit: Duration?
    let mask: SecretMask.Lazy

    /// Runs the command on the file at `staged`, which is to become `target`.
    ///
    /// - Throws: `ConfigError` when it fails, with what it printed, secrets masked.
    func run(on staged: FilePath, for target: String) async throws {
        let line = command.replacing(Self.placeholder, with: Self.quoted(staged.string))
        let shell = CommandRunner.Command("/bin/sh", ["-c", line])
        let result = try await CommandRunner.capture(shell, input: [], limit: timeLimit)
        let said = CommandComplaint.lines(
            result.output + result.errorOutput, isCut: result.isErrorOutputCut, mask
        )
        .replacing(staged.string, with: target)
        .replacing(staged.lastComponent?.string ?? staged.string, with: target)
        if result.isOverTime {
            throw ConfigError("check of \(target) failed: not done within \(timeLimit?.shown ?? "")\(said)")
        }
        guard result.ending.isSuccess else {
            throw ConfigError("check of \(target) failed: \(result.ending)\(said)")
        }
    }

    /// As one word of a shell.
    private static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "/._-+:@%,=".utf8.contains(byte)
            }
        }
        return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    }
}
