// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser

/// `os-apply-config changed NAME`: whether a group of files changed in this run.
struct ChangedCommand: SubcommandRunning {
    static let subcommand = Subcommand.changed
    static let summary =
        "Tells by its exit status whether a group of files changed: 0 yes, 1 no, 2 it cannot be told."
    static let operands: String? = "NAME"
    static let rules: [OriginalArguments.Option] = [
        .init("--changed-file", arity: .one, isOriginal: false),
        .init("--log-format", arity: .one, isOriginal: false),
    ]
    /// Not 1, which is an answer.
    static let failureStatus: Int32 = 2

    @Option(
        help: ArgumentHelp(
            "The file with the names. Default: that of OS_APPLY_CONFIG_CHANGED.", valueName: "path"),
        completion: .file())
    var changedFile: String?

    @Option(help: ArgumentHelp("Layout of log lines: text or json.", valueName: "text|json"))
    var logFormat = LogFormat.text

    func run(_ operands: [String], _ context: SubcommandContext) throws -> Int32 {
        guard operands.count == 1, ChangedGroups.isName(operands[0]) else {
            throw UsageError("one name of a group is wanted, of letters, digits, '.', '_', '@' and '-'")
        }
        guard let groups = ChangedGroups(option: changedFile, environment: context.call.environment) else {
            throw ConfigError(
                "no file of changed groups: \(SharedVariable.changedGroups) is not set and --changed-file not given"
            )
        }
        return try groups.names().contains(operands[0]) ? ExitStatus.success : ExitStatus.failure
    }
}
