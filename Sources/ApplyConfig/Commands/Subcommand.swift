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
protocol SubcommandRunning: ParsableArguments {
    static var subcommand: Subcommand { get }
    /// One sentence.
    static var summary: String { get }
    /// What the reader of command lines has to know of the options.
    static var rules: [OriginalArguments.Option] { get }
    /// How the words that belong to no option are shown in the usage; nil: there may be none.
    static var operands: String? { get }
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
    static var failureStatus: Int32 { ExitStatus.failure }

    static func run(_ call: Invocation) async -> Int32 {
        let name = "\(call.name) \(subcommand.rawValue)"
        let rules = Self.rules + [.init("--help", "-h", arity: .immediate)]
        let command: Self
        let given: OriginalArguments
        do {
            given = try OriginalArguments(
                Array(call.words.dropFirst()), options: rules, takesPositionals: operands != nil)
            if given.immediate != nil {
                StandardStream.output.write(CommandUsage.help(of: Self.self, shownName(name), summary))
                return ExitStatus.success
            }
            command = try parse(TemplateOptions.canonicalWords(given, rules))
        } catch {
            return refuse(name, error)
        }
        let context = SubcommandContext(call: call, logger: CommandContext.logger(command.logFormat))
        do {
            return try await command.run(given.positionals, context)
        } catch let error as UsageError {
            return refuse(name, error)
        } catch {
            ErrorReport(context.logger, command.logFormat).report(error)
            return failureStatus
        }
    }

    private static func shownName(_ name: String) -> String { operands.map { "\(name) \($0)" } ?? name }

    private static func refuse(_ name: String, _ error: any Error) -> Int32 {
        CommandUsage.refuse(
            name, Self.self, operands: operands, error, status: ExitStatus.subcommandUsage)
    }
}
