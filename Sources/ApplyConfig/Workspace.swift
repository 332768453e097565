// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HostSystem
import Logging
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
            metadata: try Self.subhash(of: all, prefix), prefix: prefix, redactor: redactor,
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

/// The keys that templates asked for in vain.
struct MissingKeys {
    private let keys: [MissingKey]
    private let partials: [MissingKey]

    init(_ files: [RenderedFile]) {
        // A partial that lies in the tree is a template too; by itself it lacks what surrounds it elsewhere.
        let used = files.reduce(into: Set<String>()) { $0.formUnion($1.partials) }
        let whole = files.filter { !used.contains($0.template.string) }
        keys = whole.flatMap(\.missing)
        partials = whole.flatMap(\.missingPartials)
    }

    /// One line with each key, how often it is missing, and where first.
    var warning: String? {
        guard !keys.isEmpty else { return nil }
        var names: [ByteString] = []
        var places: [ByteString: (count: Int, first: Template.Place)] = [:]
        for key in keys {
            if places[key.name] == nil { names.append(key.name) }
            places[key.name] = ((places[key.name]?.count ?? 0) + 1, places[key.name]?.first ?? key.place)
        }
        let shown = names.map { name -> String in
            let (count, first) = places[name]!
            return "\(name) (\(count == 1 ? "" : "\(count) times, first ")\(first))"
        }
        return "missing keys, which gave nothing: \(keys.count): \(shown.joined(separator: ", "))"
    }

    /// One for each place.
    func errors(in metadata: MetadataValue) -> [any Error] {
        keyErrors(in: metadata) + partials.map { TextError($0, "there is no partial \($0.name)") }
    }

    /// One for each place, with what may have been meant.
    func keyErrors(in metadata: MetadataValue) -> [TextError] {
        var told: Set<String> = []
        return keys.filter { told.insert("\($0.name) \($0.place)").inserted }.map { key in
            let path = key.name.split(on: UInt8(ascii: "."))
            let near = Spelling.suggestion(for: path, in: metadata)
            return TextError(key, "the key \(key.name) is missing\(near)")
        }
    }
}

extension TextError {
    init(_ missing: MissingKey, _ reason: String) {
        self.init(source: missing.place.source, position: missing.place.position, reason: reason)
    }
}

/// The settings of os-apply-config: an INI file whose section `DEFAULT` may have `secret` any number of times.
struct SettingsFile {
    private static let standard = "/etc/os-apply-config.conf"

    let secrets: [String]

    /// - Parameter path: nil for the standard one, which need not exist.
    /// - Throws: `ConfigError` when it cannot be read or says something else.
    init(_ path: String?) throws {
        let file = path ?? Self.standard
        guard try path != nil || FileContents.existing(FilePath(file)) != nil else {
            secrets = []
            return
        }
        let text = String(decoding: try FileContents.read(FilePath(file)), as: UTF8.self)
        secrets = try INIFile(text, name: file).entries.map { entry in
            guard entry.section == "DEFAULT", entry.key == "secret", !entry.value.isEmpty else {
                throw ConfigError("\(file):\(entry.line): [\(entry.section)] \(entry.key) is no setting")
            }
            return entry.value
        }
    }
}
