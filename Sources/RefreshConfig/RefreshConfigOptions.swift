// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Logging

/// The command line of os-refresh-config.
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

    @Option(help: "What is logged: ERROR, WARN, CRITICAL, INFO or DEBUG.")
    var logLevel = LogLevel.info

    @Option(help: "The file that is locked while hooks run.")
    var lockfile = "/var/run/os-refresh-config.lock"

    @Option(help: ArgumentHelp("End the run after this many seconds; 0 for no limit.", valueName: "seconds"))
    var timeout = 0

    @Flag(help: "Print the version and exit.")
    var version = false

    static let originalRules: [OriginalArguments.Option] = [
        .init("--print-base", arity: .none),
        .init("--print-phases", arity: .none),
        .init("--log-level", arity: .one),
        .init("--lockfile", arity: .one),
        .init("--timeout", arity: .one),
        .init("--help", "-h", arity: .immediate),
        .init("--version", arity: .immediate, isOriginal: false),
    ]

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
