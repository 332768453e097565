// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HostSystem
import SystemPackage

/// dib-run-parts: runs the hooks of one directory, or lists them.
package struct RunPartsCommand {
    package static func run(name: String, words: [String], environment: [String: String]) async -> Int32 {
        SignalStream.surviveFailedWrites()
        let isListing = words.first == "--list"
        let operands = isListing ? words.dropFirst() : words[...]
        guard !words.isEmpty else { return refuse(name) }
        let path = operands.first ?? ""
        guard FileContents.isDirectory(FilePath(path)) else {
            RunProfile().say("Scripts directory [\(path)] must exist and be a directory")
            return refuse(name)
        }
        guard let directory = hooks(of: path, environment["RUN_PARTS_REGEX"], name) else {
            return ExitStatus.success
        }
        if isListing {
            for hook in directory.hooks { StandardStream.output.write(directory.hookPath(hook) + "\n") }
            return ExitStatus.success
        }
        switch await HookRunner().run(directory) {
        case .completed: return ExitStatus.success
        case .failed(let hook, let status, let reason):
            StandardStream.error.write("\(name): \(hook): \(reason)\n")
            return status
        case .stopped: return ExitStatus.failure
        }
    }

    /// Nil, with a message, when the pattern is none: then nothing is run.
    private static func hooks(of path: String, _ pattern: String?, _ name: String) -> HookDirectory? {
        do {
            return try HookDirectory(path, pattern: pattern)
        } catch {
            StandardStream.error.write("\(name): \(pattern ?? path): \(error)\n")
            return nil
        }
    }

    private static func refuse(_ name: String) -> Int32 {
        StandardStream.error.write(
            """
            Usage: \(name) [OPTION] scripts_directory
            Option:
                  --list  print names of all valid files

            Examples:
                  \(name) --list /usr/libexec/os-refresh-config/configure.d/
                  \(name) /usr/libexec/os-refresh-config/configure.d/

            """)
        return ExitStatus.failure
    }
}
