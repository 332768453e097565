// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// The subcommands, each the first word of a command line.
enum Subcommand: String, CaseIterable {
    case status, analyze, list

    var summary: String {
        switch self {
        case .status: StatusCommand.summary
        case .analyze: AnalyzeCommand.summary
        case .list: ListCommand.summary
        }
    }

    /// - Returns: the exit status.
    func run(_ call: Invocation) -> Int32 {
        switch self {
        case .status: StatusCommand.run(call)
        case .analyze: AnalyzeCommand.run(call)
        case .list: ListCommand.run(call)
        }
    }
}

/// A subcommand: its options, which it is parsed from, and what it does.
protocol SubcommandRunning: SubcommandOptions {
    /// The status of an error.
    static var failureStatus: Int32 { get }

    /// - Returns: the exit status.
    func run(_ call: Invocation) throws -> Int32
}

extension SubcommandRunning {
    static func run(_ call: Invocation) -> Int32 {
        switch read(call) {
        case .answered(let status): return status
        case .options(let command, _):
            do {
                return try command.run(call)
            } catch let error as UsageError {
                return refuse(call, error)
            } catch {
                StandardStream.error.write("\(call.name): error: \(Printable.name("\(error)"))\n")
                return failureStatus
            }
        }
    }
}
