// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Logging
import MetadataQuery
import SystemPackage

/// `os-collect-config query KEY`: a value of the metadata as it was collected, as `os-apply-config --key` prints it.
struct QueryCommand: SubcommandRunning {
    static let name = "query"
    static let summary = "Prints a value of the collected metadata, as os-apply-config --key does."
    static let operands: String? = "KEY"
    static let rules: [OriginalArguments.Option] =
        ConfigurationOptions.rules + [
            .init("--type", arity: .one, isOriginal: false),
            .init("--key-default", arity: .one, isOriginal: false),
        ]

    @OptionGroup var configuration: ConfigurationOptions

    @Option(
        help: ArgumentHelp(
            "What the value has to be: \(ValueType.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "type"))
    var type = ValueType.default.rawValue

    @Option(help: ArgumentHelp("Print this when there is no such key.", valueName: "value"))
    var keyDefault: String?

    func run(_ call: Invocation, operands: [String]) async throws -> Int32 {
        guard operands.count == 1, let key = operands.first else { throw UsageError("one key is wanted") }
        let cache = try configuration.settings(call.environment).string(nil, "cachedir") ?? ""
        let list = FilePath(cache).appending("os_config_files.json").string
        let logger = AgentLogHandler.logger(layout: .bare, level: .warning)
        let files = try MetadataFiles(
            MetadataSelection(metadata: [], fallback: [], list: list), environment: [:], logger: logger)
        StandardStream.output.write(
            try KeyQuery(files: files).line(key, type: type, fallback: keyDefault))
        return ExitStatus.success
    }
}
