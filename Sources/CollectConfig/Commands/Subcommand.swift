// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser

/// The subcommands, each the first word of a command line.
enum Subcommand: String, CaseIterable {
    case status, clean, query

    static let list = allCases.map { ($0.rawValue, $0.summary) }

    var summary: String {
        switch self {
        case .status: StatusCommand.summary
        case .clean: CleanCommand.summary
        case .query: QueryCommand.summary
        }
    }

    /// - Returns: the exit status.
    func run(_ call: Invocation) async -> Int32 {
        switch self {
        case .status: await StatusCommand.run(call)
        case .clean: await CleanCommand.run(call)
        case .query: await QueryCommand.run(call)
        }
    }
}

/// A subcommand: its options, which it is parsed from, and what it does.
protocol SubcommandRunning: SubcommandOptions {
    /// - Parameter operands: the words that belong to no option.
    /// - Returns: the exit status.
    func run(_ call: Invocation, operands: [String]) async throws -> Int32
}

extension SubcommandRunning {
    static func run(_ call: Invocation) async -> Int32 {
        switch read(call) {
        case .answered(let status): return status
        case .options(let command, let operands):
            do {
                return try await command.run(call, operands: operands)
            } catch let error as UsageError {
                return refuse(call, error)
            } catch {
                StandardStream.error.write("\(call.name): error: \(Printable.message("\(error)"))\n")
                return ExitStatus.failure
            }
        }
    }
}

/// Where the configuration of the daemon is that a subcommand is about.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Read this configuration file, as the daemon does.", valueName: "file"),
        completion: .file())
    var configFile: [String] = []

    @Option(
        help: ArgumentHelp("Read the *.conf files of this directory.", valueName: "directory"),
        completion: .directory)
    var configDir: [String] = []

    static let rules: [OriginalArguments.Option] = [
        .init("--config-file", arity: .each, isOriginal: false),
        .init("--config-dir", arity: .each, isOriginal: false),
    ]

    /// The settings, as the daemon finds them.
    func settings(_ environment: [String: String]) throws -> Settings {
        let words =
            configFile.flatMap { ["--config-file", $0] } + configDir.flatMap { ["--config-dir", $0] }
        return try Settings(OriginalArguments(words, options: OptionTable.rules), environment: environment)
    }
}
