// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Logging

/// The subcommands, each the first word of a command line.
enum Subcommand: String, CaseIterable {
    case diff, explain, lint, watch, test, changed

    var summary: String {
        switch self {
        case .diff: DiffCommand.summary
        case .explain: ExplainCommand.summary
        case .lint: LintCommand.summary
        case .watch: WatchCommand.summary
        case .test: TestCommand.summary
        case .changed: ChangedCommand.summary
        }
    }

    func run(_ call: Invocation) async -> Int32 {
        switch self {
        case .diff: await DiffCommand.run(call)
        case .explain: await ExplainCommand.run(call)
        case .lint: await LintCommand.run(call)
        case .watch: await WatchCommand.run(call)
        case .test: await TestCommand.run(call)
        case .changed: await ChangedCommand.run(call)
        }
    }
}

/// A subcommand: its options, which it is parsed from, and what it does.
protocol SubcommandRunning: SubcommandOptions {
    static var subcommand: Subcommand { get }
    /// The status of an error.
    static var failureStatus: Int32 { get }

    var logFormat: LogFormat { get }

    /// - Parameter operands: the words that belong to no option.
    /// - Returns: the exit status.
    func run(_ operands: [String], _ context: SubcommandContext) async throws -> Int32
}

/// What a subcommand is run with.
struct SubcommandContext {
    let call: Invocation
    let logger: Logger

    /// - Parameter environment: nil: the process's own.
    func workspace(_ options: TemplateOptions, environment: [String: String]? = nil) -> Workspace {
        Workspace(
            options, environment: environment ?? call.environment,
            standardTemplates: CommandContext.defaultTemplates(call.environment), logger: logger)
    }
}

extension SubcommandRunning {
    static var name: String { subcommand.rawValue }
    static var failureStatus: Int32 { ExitStatus.failure }

    static func canonicalWords(_ given: OriginalArguments, _ rules: [OriginalArguments.Option]) -> [String] {
        TemplateOptions.canonicalWords(given, rules)
    }

    static func run(_ call: Invocation) async -> Int32 {
        switch read(call) {
        case .answered(let status): return status
        case .options(let command, let operands): return await command.run(operands, call)
        }
    }

    private func run(_ operands: [String], _ call: Invocation) async -> Int32 {
        let context = SubcommandContext(call: call, logger: CommandContext.logger(logFormat))
        do {
            return try await run(operands, context)
        } catch let error as UsageError {
            return Self.refuse(call, error)
        } catch {
            ErrorReport(context.logger, logFormat).report(error)
            return Self.failureStatus
        }
    }
}
