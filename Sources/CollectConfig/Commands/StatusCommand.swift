// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem
import MetadataTree
import SystemPackage

/// `os-collect-config status`: how the daemon and its sources are doing.
struct StatusCommand: SubcommandRunning {
    private enum Answer {
        static let degraded: Int32 = 2
    }

    static let name = "status"
    static let summary =
        "Tells how the daemon is doing: exit status 0 converged, 2 not (yet), 1 an error, or no daemon."
    static let rules: [OriginalArguments.Option] =
        ConfigurationOptions.rules + [
            .init("--status-file", arity: .one, isOriginal: false),
            .init("--wait", arity: .none, isOriginal: false),
            .init("--timeout", arity: .one, isOriginal: false),
            .init("--format", arity: .one, isOriginal: false),
        ]

    @OptionGroup var configuration: ConfigurationOptions

    @Option(
        help: ArgumentHelp("The file in which the daemon keeps its status.", valueName: "file"),
        completion: .file())
    var statusFile: String?

    @Flag(help: "Wait until all sources answer and the command has succeeded.")
    var wait = false

    @Option(help: ArgumentHelp("Wait no longer than this.", valueName: "seconds"))
    var timeout = Seconds(600)

    @Option(help: ArgumentHelp("What is printed: text or json.", valueName: "text|json"))
    var format = OutputFormat.text

    func run(_ call: Invocation, operands: [String]) async throws -> Int32 {
        let named = try statusFile ?? configuration.settings(call.environment).string(nil, "status_file")
        guard let path = named, !path.isEmpty else {
            throw UsageError("the daemon keeps no status: its option status_file is empty")
        }
        let file = StatusFile(path: FilePath(path))
        if wait { await file.waitUntilConverged(limit: .seconds(timeout.value)) }
        let kept = try file.read()
        StandardStream.output.write(
            format == .json
                ? JSONShape.text(StatusReport.document(kept)) : Array(StatusReport.text(kept).utf8))
        guard kept.isAlive else { return ExitStatus.failure }
        return kept.status.isConverged ? ExitStatus.success : Answer.degraded
    }
}
