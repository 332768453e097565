// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser

/// os-refresh-config as completions show it.
struct CompletedCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "os-refresh-config", abstract: "Run the hooks that configure a machine, in phases.",
            subcommands: [
                CompletedSubcommand<StatusCommand>.self, CompletedSubcommand<AnalyzeCommand>.self,
                CompletedSubcommand<ListCommand>.self,
            ])
    }

    @OptionGroup var options: RefreshConfigOptions
}
