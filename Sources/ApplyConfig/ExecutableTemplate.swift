// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage

/// A template that is a program: it reads the metadata as JSON on standard input and prints the file.
struct ExecutableTemplate {
    let path: FilePath

    /// What the program printed.
    ///
    /// - Throws: `ConfigError` when it cannot be started, fails, or prints what is not UTF-8. The message has its standard
    ///   error, never its standard output, which may hold secrets.
    func output(metadata: [UInt8]) async throws -> [UInt8] {
        let result = try await CommandRunner.capture(CommandRunner.Command(path), input: metadata)
        guard result.ending.isSuccess else {
            let said = String(decoding: result.errorOutput, as: UTF8.self)
            let lines = said.split(separator: "\n").map { "\n    " + $0 }.joined()
            throw ConfigError("config script failed: \(path): \(result.ending)\(lines)")
        }
        if let offset = UTF8Character.firstInvalidOffset(in: result.output) {
            throw ConfigError("\(path): the output is not UTF-8 from byte \(offset) on")
        }
        return result.output
    }
}
