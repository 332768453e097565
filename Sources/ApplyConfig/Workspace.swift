// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HostSystem
import Logging
import MetadataQuery
import MetadataTree
import Mustache
import SystemPackage

/// What a command works on: a tree of templates, metadata, and an output root.
struct Workspace {
    let options: TemplateOptions
    let environment: [String: String]
    let tree: TemplateTree
    let logger: Logger

    /// - Parameter standardTemplates: the template root when none is asked for.
    init(
        _ options: TemplateOptions, environment: [String: String], standardTemplates: String, logger: Logger
    ) {
        self.options = options
        self.environment = environment
        self.logger = logger
        tree = options.tree(FilePath(options.templates ?? standardTemplates))
    }

    var output: OutputRoot { OutputRoot(path: options.output) }

    /// The metadata that templates are filled in from, and what is secret in it.
    struct Inputs {
        let files: MetadataFiles
        /// Before they were merged.
        let documents: [MetadataFiles.Document]
        /// The object at `--subhash`, or all metadata.
        let metadata: MetadataValue
        /// Where that is in all metadata.
        let prefix: [ByteString]
        let redactor: Redactor.Lazy
        /// What `--strict` takes for errors.
        let problems: [String]

        var mask: SecretMask.Lazy { SecretMask.Lazy { redactor.value.mask } }
    }

    /// Reads the metadata.
    ///
    /// - Throws: `ConfigError`; with `--strict` what cannot be read is a problem among others instead.
    func load() throws -> Inputs {
        var problems: [String] = []
        let files = try MetadataFiles(
            options.files, environment: environment, logger: logger)
        let documents =
            options.strict ? try files.documents { problems.append($0) } : try files.documents()
        let all = MetadataFiles.merged(documents)
        if options.strict, options.metadata.isEmpty, let list = options.osConfigFiles,
            try FileContents.existing(FilePath(list)) == nil
        {
            problems.append("the list of metadata files \(list) does not exist")
        }
        if !FileContents.isDirectory(tree.root) {
            let problem = "the template directory \(tree.root) does not exist"
            if options.strict { problems.append(problem) } else { logger.warning("\(problem)") }
        }
        let patterns = try secretPatterns()
        let prefix = options.subhash.map { $0.isEmpty ? [] : MetadataPath($0).parts } ?? []
        let redactor = Redactor.Lazy {
            Redactor(keys: SecretKeys(adding: patterns), documents: documents.map(\.object))
        }
        return Inputs(
            files: files, documents: documents, metadata: try Self.subhash(of: all, prefix), prefix: prefix,
            redactor: redactor,
            problems: problems)
    }

    /// Those of the command line and of the settings.
    func secretPatterns() throws -> [String] {
        options.secret + (try SettingsFile(options.configFile).secrets)
    }

    func renderer(_ inputs: Inputs, recordsSourceMaps: Bool) -> TreeRenderer {
        TreeRenderer(
            tree: tree, metadata: inputs.metadata, recordsSourceMaps: recordsSourceMaps,
            timeLimit: options.templateTimeout.limit, isConfined: options.strict, mask: inputs.mask,
            logger: logger)
    }

    /// All templates rendered, and looked over for what is missing.
    ///
    /// - Throws: `ErrorList` of all that cannot be rendered and, with `--strict`, of all that is missing.
    func render(_ inputs: Inputs, recordsSourceMaps: Bool = false) async throws -> [RenderedFile] {
        var files: [RenderedFile] = []
        var errors: [any Error] = inputs.problems.map { ConfigError($0) }
        let survey = tree.survey()
        errors += unlisted(survey)
        let renderer = renderer(inputs, recordsSourceMaps: recordsSourceMaps)
        for result in await renderer.results(survey.entries) {
            switch result {
            case .success(let file): files.append(file)
            case .failure(let error): errors.append(error)
            }
        }
        try Task.checkCancellation()
        let missing = MissingKeys(files)
        if options.strict {
            errors += missing.errors(in: inputs.metadata)
        } else if let warning = missing.warning {
            logger.warning("\(warning)")
        }
        guard errors.isEmpty else { throw ErrorList(errors) }
        return files
    }

    /// The directories that cannot be listed, as errors: those that we may not read only with `--strict`, else a warning is
    /// all, as the original leaves them out.
    private func unlisted(_ survey: TemplateTree.Survey) -> [any Error] {
        survey.unlisted.filter { error in
            guard error.errno == .permissionDenied, !options.strict else { return true }
            logger.warning("\(error), leaving it out")
            return false
        }
    }

    /// The object at the dotted path, which goes through objects only.
    private static func subhash(of metadata: MetadataValue, _ path: [ByteString]) throws -> MetadataValue {
        var value = metadata
        for part in path {
            guard let member = value.object?[part], member.object != nil else {
                throw ConfigError("key '\(path.dotted)' does not correspond to a hash in the metadata file")
            }
            value = member
        }
        return value
    }
}
