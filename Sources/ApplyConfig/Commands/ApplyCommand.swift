// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Glibc
import HostSystem
import Logging
import SystemPackage

/// os-apply-config without a subcommand: installs, or answers `--key`, `--boolean-key` and the like.
struct ApplyCommand {
    private static let logPath = "/var/log/os-apply-config.log"

    let call: Invocation
    let options: ApplyConfigOptions
    let arguments: OriginalArguments
    let templates: String

    static func run(_ call: Invocation) async -> Int32 {
        let templates = CommandContext.defaultTemplates(call.environment)
        let command: ApplyCommand
        do {
            let arguments = try OriginalArguments(call.words, options: ApplyConfigOptions.rules)
            let immediate = CommandUsage.answer(arguments, call.name, completing: CompletedCommand.self) {
                help(call.name)
            }
            if let immediate { return immediate }
            try refuseMisplacedSubcommand(arguments)
            if let question = KeyQuestion(arguments) {
                let logger = makeLogger(arguments.last("--log-file")?.first, .text)
                return answer(question, arguments, call, logger, .text)
            }
            let words = TemplateOptions.canonicalWords(arguments, ApplyConfigOptions.rules)
            command = ApplyCommand(
                call: call, options: try ApplyConfigOptions.parse(words), arguments: arguments,
                templates: templates)
        } catch {
            return CommandUsage.refuse(call.name, ApplyConfigOptions.self, error)
        }
        return await command.run()
    }

    /// A preview that was meant must not install: `-m a.json diff`.
    private static func refuseMisplacedSubcommand(_ arguments: OriginalArguments) throws {
        for name in ["--metadata", "--fallback-metadata"] {
            for word in arguments.last(name) ?? [] where Subcommand(rawValue: word) != nil {
                guard FileContents.status(FilePath(word)) == nil else { continue }
                throw UsageError(
                    "argument \(name): there is no file '\(word)'; the subcommand \(word) has to be the first word"
                )
            }
        }
    }

    private static func help(_ name: String) -> String {
        CommandUsage.help(
            of: ApplyConfigOptions.self, name,
            "Reads and merges JSON metadata files and renders a tree of templates with them below the output root.",
            subcommands: Subcommand.allCases.map { ($0.rawValue, $0.summary) })
    }

    private func run() async -> Int32 {
        if options.printTemplates {
            StandardStream.output.write((options.common.templates ?? templates) + "\n")
            return ExitStatus.success
        }
        let logger = Self.makeLogger(options.logFile, options.common.logFormat)
        if let question = KeyQuestion(options) {
            return Self.answer(question, arguments, call, logger, options.common.logFormat)
        }
        Self.warnOfRepeats(arguments, logger)
        // Where there is no /proc, a signal ends the process where it stands; the next run clears what it left.
        if !ProcessTree.isVisible { return await act(logger) }
        return await Interruption.watch { await act(logger) }
    }

    private func act(_ logger: Logger) async -> Int32 {
        do {
            return try await apply(logger)
        } catch is CancellationError {
            logger.error("interrupted, nothing was changed")
            return ExitStatus.failure
        } catch {
            ErrorReport(logger, options.common.logFormat).report(error)
            return ExitStatus.failure
        }
    }

    /// The log goes to standard error; of what root does, also to a file, which is never a reason to fail.
    private static func makeLogger(_ path: String?, _ format: LogFormat) -> Logger {
        let layout = CommandContext.layout(format)
        guard let path else {
            let file = geteuid() == 0 ? LogFile(whenWanted: logPath) : nil
            return AgentLogHandler.logger(layout: layout, level: .info, file: file)
        }
        guard path != "none" else { return AgentLogHandler.logger(layout: layout, level: .info) }
        let file = LogFile(path)
        let reason = Errno(rawValue: errno)
        let logger = AgentLogHandler.logger(layout: layout, level: .info, file: file)
        if file == nil { logger.warning("cannot open the log file \(path): \(reason), ignoring") }
        return logger
    }

    private static func warnOfRepeats(_ arguments: OriginalArguments, _ logger: Logger) {
        for name in ["--metadata", "--fallback-metadata"] where arguments.count(name) > 1 {
            logger.warning("\(name) is given \(arguments.count(name)) times: only the last one counts")
        }
    }

    private static func answer(
        _ question: KeyQuestion, _ arguments: OriginalArguments, _ call: Invocation, _ logger: Logger,
        _ format: LogFormat
    ) -> Int32 {
        warnOfRepeats(arguments, logger)
        if question.key?.isEmpty == false, question.booleanKey?.isEmpty == false {
            logger.warning("--key is not compatible with --boolean-key. --boolean-key ignored.")
        }
        do {
            return try question.answer(environment: call.environment, logger: logger)
        } catch {
            ErrorReport(logger, format).report(error)
            return ExitStatus.failure
        }
    }

    private func apply(_ logger: Logger) async throws -> Int32 {
        let workspace = Workspace(
            options.common, environment: call.environment, standardTemplates: templates, logger: logger)
        let inputs = try workspace.load()
        let plans = try await plans(workspace, inputs)
        if !options.validate {
            let groups = ChangedGroups(option: options.changedFile, environment: call.environment)
            let installer = TreeInstaller(
                output: workspace.output, isDurable: !options.noSync, checkLimit: options.checkTimeout.limit,
                mask: inputs.mask, changedGroups: groups, logger: logger)
            try await installer.install(plans) { try await self.plans(workspace, try workspace.load()) }
        }
        logger.info("success")
        return ExitStatus.success
    }

    private func plans(_ workspace: Workspace, _ inputs: Workspace.Inputs) async throws -> [PlannedFile] {
        let rendered = try await workspace.render(inputs)
        return try PlannedFile.plan(rendered, in: try workspace.output.open())
    }
}
