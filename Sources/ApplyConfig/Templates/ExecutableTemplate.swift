// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage

/// A template that is a program: it reads the metadata as JSON on standard input and prints the file.
struct ExecutableTemplate {
    let path: FilePath
    /// Nil: for ever.
    let timeLimit: Duration?
    let mask: SecretMask.Lazy

    /// What the program printed, byte for byte, and what it wrote on standard error, as lines that may be shown.
    ///
    /// - Throws: `ConfigError` when it cannot be started, fails, or takes too long. The message has its standard error, never
    ///   its standard output, which may hold secrets.
    func run(metadata: [UInt8]) async throws -> (output: [UInt8], complaint: String) {
        let result = try await CommandRunner.capture(
            CommandRunner.Command(path), input: metadata, limit: timeLimit)
        let complaint = CommandComplaint.lines(result.errorOutput, isCut: result.isErrorOutputCut, mask)
        if result.isOverTime {
            throw ConfigError(
                "config script failed: \(path): not done within \(timeLimit?.shown ?? "")\(complaint)")
        }
        guard result.ending.isSuccess else {
            throw ConfigError("config script failed: \(path): \(result.ending)\(complaint)")
        }
        return (result.output, complaint)
    }
}

/// What a program had to say, for a message.
enum CommandComplaint {
    /// Each line on a line of its own, indented, secrets masked; empty when there is none.
    ///
    /// - Parameter isCut: whether the end is missing; then the last line, which may have half a secret, is left out.
    static func lines(_ bytes: [UInt8], isCut: Bool, _ mask: SecretMask.Lazy) -> String {
        guard !bytes.isEmpty else { return "" }
        guard !isCut else {
            let whole = bytes.lastIndex(of: 0x0A).map { Array(bytes[..<$0]) } ?? []
            return lines(whole, isCut: false, mask) + "\n    … (cut)"
        }
        return mask.value.masked(bytes).split(whereSeparator: \.isNewline).map { "\n    " + $0 }.joined()
    }
}

extension Duration {
    /// `1.5 s`
    var shown: String {
        let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
        return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
    }
}
