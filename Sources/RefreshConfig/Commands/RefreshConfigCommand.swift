// SPDX-License-Identifier: Apache-2.0

package import AgentRuntime
import HostSystem

/// os-refresh-config: runs the hooks of each phase in order, and those for errors when one fails; and tells what earlier runs
/// did.
package enum RefreshConfigCommand {
    /// Runs the program.
    ///
    /// - Returns: the exit status.
    package static func run(_ call: Invocation) async -> Int32 {
        SignalStream.surviveFailedWrites()
        if let first = call.words.first, let subcommand = Subcommand(rawValue: first) {
            return subcommand.run(call)
        }
        return await RunCommand.run(call)
    }
}
