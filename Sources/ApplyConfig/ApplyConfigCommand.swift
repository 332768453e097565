// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Glibc
import HostSystem
import Logging
import MetadataTree
import Mustache
import SystemPackage

/// os-apply-config: renders a tree of templates, filled in from metadata, onto a root file system.
package struct ApplyConfigCommand {
    private static let logPath = "/var/log/os-apply-config.log"

    private let options: ApplyConfigOptions
    private let arguments: OriginalArguments
    private let environment: [String: String]
    private let templates: DefaultDirectory

    /// Runs the program.
    ///
    /// - Parameters:
    ///   - name: what it was called by.
    ///   - words: the command line behind the name.
    /// - Returns: the exit status.
    package static func run(name: String, words: [String], environment: [String: String]) async -> Int32 {
        SignalStream.surviveFailedWrites()
        let templates = defaultTemplates(environment)
        let command: ApplyConfigCommand
        do {
            let arguments = try OriginalArguments(words, options: ApplyConfigOptions.originalRules)
            if let immediate = arguments.immediate {
                StandardStream.output.write(immediate == "--version" ? programVersion + "\n" : help(name))
                return ExitStatus.success
            }
            let options = try ApplyConfigOptions.parse(ApplyConfigOptions.canonicalWords(arguments))
            command = ApplyConfigCommand(
                options: options, arguments: arguments, environment: environment, templates: templates)
        } catch {
            return CommandUsage.refuse(name, CommandUsage.usage(of: ApplyConfigOptions.self, name), error)
        }
        return await command.run()
    }

    private static func defaultTemplates(_ environment: [String: String]) -> DefaultDirectory {
        let directory = DefaultDirectory(
            environment: environment, variable: "OS_CONFIG_APPLIER_TEMPLATES",
            standard: "/usr/libexec/os-apply-config/templates",
            former: ["/opt/stack/os-apply-config/templates", "/opt/stack/os-config-applier/templates"])
        if let old = directory.deprecated {
            StandardStream.error.write(
                "WARNING:root:Template directory \(old) is deprecated.  The recommended location for template files is "
                    + "/usr/libexec/os-apply-config/templates\n")
        }
        return directory
    }

    private static func help(_ name: String) -> String {
        CommandUsage.help(
            of: ApplyConfigOptions.self, name,
            "Reads and merges JSON metadata files and renders a tree of templates with them below the output root."
        )
    }

    private func run() async -> Int32 {
        let root = options.templates ?? templates.path
        if options.printTemplates {
            StandardStream.output.write(root + "\n")
            return ExitStatus.success
        }
        let logger = makeLogger()
        warnOfOddities(logger)
        do {
            return try await act(templateRoot: FilePath(root), logger)
        } catch {
            logger.error("\(error)")
            return ExitStatus.failure
        }
    }

    /// The log goes to standard error; root's also to a file, which is never a reason to fail.
    private func makeLogger() -> Logger {
        let path = options.logFile ?? (geteuid() == 0 ? Self.logPath : "none")
        guard path != "none" else { return AgentLogHandler.logger(layout: .bracketed, level: .info) }
        let file = LogFile(path)
        let reason = Errno(rawValue: errno)
        let logger = AgentLogHandler.logger(layout: .bracketed, level: .info, file: file)
        if file == nil { logger.warning("cannot open the log file \(path): \(reason), ignoring") }
        return logger
    }

    private func warnOfOddities(_ logger: Logger) {
        for name in ["--metadata", "--fallback-metadata"] where arguments.count(name) > 1 {
            logger.warning("\(name) is given \(arguments.count(name)) times: only the last one counts")
        }
        if options.key?.isEmpty == false, options.booleanKey?.isEmpty == false {
            logger.warning("--key is not compatible with --boolean-key. --boolean-key ignored.")
        }
    }

    private func act(templateRoot: FilePath, _ logger: Logger) async throws -> Int32 {
        let files = try MetadataFiles(options: options, environment: environment, logger: logger)
        if let key = options.key {
            let line = try KeyQuery(files: files).line(key, type: options.type, fallback: options.keyDefault)
            StandardStream.output.write(line)
            return ExitStatus.success
        }
        if let key = options.booleanKey { return try KeyQuery(files: files).status(key) }
        try await apply(files, templateRoot, logger)
        logger.info("success")
        return ExitStatus.success
    }

    private func apply(_ files: MetadataFiles, _ templateRoot: FilePath, _ logger: Logger) async throws {
        let metadata = try Self.subhash(of: try files.merged(), options.subhash)
        if !FileContents.isDirectory(templateRoot) {
            logger.warning("the template directory \(templateRoot) does not exist")
        }
        let renderer = TreeRenderer(
            tree: TemplateTree(root: templateRoot), metadata: metadata, logger: logger)
        let rendered = try await renderer.render()
        warnOfMissingKeys(rendered, logger)
        let installer = TreeInstaller(outputRoot: options.output, logger: logger)
        let plans = try installer.plan(rendered)
        if !options.validate { try installer.install(plans) }
    }

    private func warnOfMissingKeys(_ files: [RenderedFile], _ logger: Logger) {
        let missing = files.flatMap(\.missing)
        guard !missing.isEmpty else { return }
        let shown = missing.prefix(10).map { "\($0.name) (\($0.place.file):\($0.place.position))" }
        let more = missing.count > shown.count ? ", …" : ""
        logger.warning(
            "missing keys, which gave nothing: \(missing.count): \(shown.joined(separator: ", "))\(more)")
    }

    /// The object at the dotted `path`, which goes through objects only.
    private static func subhash(of metadata: MetadataValue, _ path: String?) throws -> MetadataValue {
        guard let path, !path.isEmpty else { return metadata }
        var value = metadata
        for part in MetadataPath(path).parts {
            guard let member = value.object?[part], member.object != nil else {
                throw ConfigError("key '\(path)' does not correspond to a hash in the metadata file")
            }
            value = member
        }
        return value
    }
}
