// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Logging

/// The command line of os-refresh-config without a subcommand.
struct RefreshConfigOptions: ParsableArguments {
    /// Python's levels, by the names that the original takes.
    enum LogLevel: String, CaseIterable, ExpressibleByArgument {
        case error = "ERROR"
        case warn = "WARN"
        case critical = "CRITICAL"
        case info = "INFO"
        case debug = "DEBUG"

        var level: Logger.Level {
            switch self {
            case .error: .error
            case .warn: .warning
            case .critical: .critical
            case .info: .info
            case .debug: .debug
            }
        }
    }

    @Flag(help: "Print the base directory of the hooks and exit.")
    var printBase = false

    @Flag(help: "Print the names of the phases and exit.")
    var printPhases = false

    @Option(help: ArgumentHelp("What is logged: ERROR, WARN, CRITICAL, INFO or DEBUG.", valueName: "level"))
    var logLevel = LogLevel.info

    @Option(
        help: ArgumentHelp("The file that is locked while hooks run.", valueName: "file"), completion: .file()
    )
    var lockfile = "/var/run/os-refresh-config.lock"

    @Option(help: ArgumentHelp("End the run after this many seconds; 0 for no limit.", valueName: "seconds"))
    var timeout = 0

    @Option(
        help: ArgumentHelp("End each hook after this many seconds; 0 for no limit.", valueName: "seconds"))
    var hookTimeout = Seconds(0)

    @Option(
        help: ArgumentHelp(
            "End the hooks of error.d after this many seconds; 0 for no limit. Default: that of --timeout.",
            valueName: "seconds"))
    var errorTimeout: Seconds?

    @Option(
        help: ArgumentHelp(
            "Wait so long for another run to end, instead of giving up at once.", valueName: "seconds"))
    var wait = Seconds(0)

    @OptionGroup var selection: SelectionOptions

    @Flag(help: "Print the hooks that would run, in their order, and run nothing.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Run so many hooks of the same number in a phase together.", valueName: "count"))
    var parallel = 1

    @Flag(help: "Mark each line of a hook's output with its name.")
    var prefix = false

    @Flag(help: "Keep the last lines of each hook's standard error in the record.")
    var capture = false

    @OptionGroup var state: StateOptions

    @Option(help: ArgumentHelp("How many runs have their records kept; 0 for none.", valueName: "count"))
    var keepRecords = 20

    @Flag(help: "Print the version and exit.")
    var version = false

    func validate() throws {
        if parallel < 1 { throw ValidationError("argument --parallel: at least 1 is wanted") }
        if keepRecords < 0 { throw ValidationError("argument --keep-records: at least 0 is wanted") }
    }

    static let originalRules: [OriginalArguments.Option] =
        [
            .init("--print-base", arity: .none),
            .init("--print-phases", arity: .none),
            .init("--log-level", arity: .one),
            .init("--lockfile", arity: .one),
            .init("--timeout", arity: .one),
            .init("--hook-timeout", arity: .one, isOriginal: false),
            .init("--error-timeout", arity: .one, isOriginal: false),
            .init("--wait", arity: .one, isOriginal: false),
            .init("--dry-run", arity: .none, isOriginal: false),
            .init("--parallel", arity: .one, isOriginal: false),
            .init("--prefix", arity: .none, isOriginal: false),
            .init("--capture", arity: .none, isOriginal: false),
            .init("--keep-records", arity: .one, isOriginal: false),
            .init("--help", "-h", arity: .immediate),
            .init("--version", arity: .immediate, isOriginal: false),
            .init(CompletionScript.option, arity: .one, isOriginal: false),
        ] + SelectionOptions.rules + StateOptions.rules

    static func canonicalWords(_ arguments: OriginalArguments) throws -> [String] {
        if let level = arguments.last("--log-level")?.first, LogLevel(rawValue: level) == nil {
            let known = LogLevel.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw UsageError("argument --log-level: invalid choice: '\(level)' (choose from \(known))")
        }
        if let timeout = arguments.last("--timeout")?.first, Int(timeout) == nil {
            throw UsageError("argument --timeout: invalid int value: '\(timeout)'")
        }
        return arguments.canonicalWords(originalRules)
    }
}
