// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ApplyConfig
import CollectConfig
import Glibc
import RefreshConfig

/// The three agents in one file, chosen by the name it is called by; called by its own name, by its first word.
@main
struct Entrypoint {
    private static let names = [
        "os-apply-config", "os-config-applier", "os-collect-config", "os-refresh-config", "dib-run-parts",
    ]

    static func main() async {
        let invocation = Invocation.current
        if let status = await run(invocation) { exit(status) }
        if let shifted = invocation.shifted(), let status = await run(shifted) { exit(status) }
        exit(explain(invocation))
    }

    /// Nil when the name is none of ours.
    private static func run(_ invocation: Invocation) async -> Int32? {
        switch invocation.name {
        case "os-apply-config", "os-config-applier":
            return await ApplyConfigCommand.run(invocation)
        case "os-collect-config":
            return await CollectConfigCommand.run(invocation)
        case "os-refresh-config":
            return await RefreshConfigCommand.run(invocation)
        case "dib-run-parts":
            return await RunPartsCommand.run(invocation)
        default: return nil
        }
    }

    private static func explain(_ invocation: Invocation) -> Int32 {
        let usage =
            "usage: os-config PROGRAM [argument ...]\nPROGRAM is one of: \(names.joined(separator: ", "))\n"
        switch invocation.words.first {
        case "--version":
            StandardStream.output.write(programVersion + "\n")
            return ExitStatus.success
        case "-h", "--help":
            StandardStream.output.write(usage)
            return ExitStatus.success
        default:
            StandardStream.error.write(usage)
            return ExitStatus.usage
        }
    }
}
