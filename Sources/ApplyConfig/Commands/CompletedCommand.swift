// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser

/// os-apply-config as completions show it.
struct CompletedCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "os-apply-config",
            abstract: "Map a tree of templates onto the root file system.",
            subcommands: [
                CompletedSubcommand<DiffCommand>.self, CompletedSubcommand<ExplainCommand>.self,
                CompletedSubcommand<LintCommand>.self, CompletedSubcommand<WatchCommand>.self,
                CompletedSubcommand<TestCommand>.self, CompletedSubcommand<ChangedCommand>.self,
            ])
    }

    @OptionGroup var options: ApplyConfigOptions
}
