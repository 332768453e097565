// SPDX-License-Identifier: Apache-2.0

package import AgentRuntime
import HostSystem

/// os-apply-config: renders a tree of templates, filled in from metadata, onto a root file system.
package enum ApplyConfigCommand {
    /// Runs the program.
    ///
    /// - Returns: the exit status.
    package static func run(_ call: Invocation) async -> Int32 {
        SignalStream.surviveFailedWrites()
        // A template or check that takes too long is ended with all that it started.
        ProcessTree.adoptOrphans()
        if let first = call.words.first, let subcommand = Subcommand(rawValue: first) {
            return await subcommand.run(call)
        }
        return await ApplyCommand.run(call)
    }
}
