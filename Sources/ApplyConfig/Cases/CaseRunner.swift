// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataQuery
import MetadataTree
import Mustache
import SystemPackage

/// What came of a case.
struct CaseResult {
    let name: String
    let element: String
    let duration: Duration
    /// Why it failed, in lines for people; nil when it passed.
    let failure: Failure?

    struct Failure {
        var messages: [String] = []
        var differences: [FileDifference] = []
    }
}

/// Runs cases: renders the element's templates with the case's metadata, in memory, and compares.
struct CaseRunner {
    let options: TemplateOptions
    let secretPatterns: [String]
    let showsSecrets: Bool
    let logger: Logger

    /// Where the metadata that templates see is in all of it.
    private var prefix: [ByteString] {
        options.subhash.map { $0.isEmpty ? [] : MetadataPath($0).parts } ?? []
    }

    /// What a case rendered.
    struct Outcome {
        var files: [RenderedFile] = []
        /// The errors, one a line, without the path of the template root.
        var errors: [String] = []
    }

    func run(_ each: ElementCase) async -> CaseResult {
        let start = ContinuousClock.now
        var failure = CaseResult.Failure()
        do {
            let (outcome, redactor) = try await outcome(of: each)
            failure = try compare(each, outcome, redactor)
        } catch {
            failure.messages.append("\(error)")
        }
        let isPassed = failure.messages.isEmpty && failure.differences.isEmpty
        return CaseResult(
            name: each.name, element: each.element, duration: ContinuousClock.now - start,
            failure: isPassed ? nil : failure)
    }

    /// Renders the case; errors of metadata and templates are part of what comes out.
    func outcome(of each: ElementCase) async throws -> (Outcome, Redactor) {
        var options = options
        options.templates = each.templates.string
        let hasMetadata = FileContents.status(each.metadataPath) != nil
        options.metadata = hasMetadata ? [each.metadataPath.string] : []
        options.noFallbackMetadata = true
        options.secret = secretPatterns
        // Without `-m` the machine's own metadata would be used.
        let environment = hasMetadata ? [:] : ["OS_CONFIG_FILES": ""]
        let workspace = Workspace(
            options, environment: environment, standardTemplates: each.templates.string, logger: logger)
        guard FileContents.isDirectory(each.templates) else {
            throw ConfigError("the template directory \(each.templates) does not exist")
        }
        var outcome = Outcome()
        do {
            let inputs = try workspace.load()
            do {
                outcome.files = try await workspace.render(inputs, recordsSourceMaps: true)
                    .filter { !$0.isRemoval }
            } catch {
                outcome.errors = Self.lines(error, each)
            }
            return (outcome, inputs.redactor.value)
        } catch {
            outcome.errors = Self.lines(error, each)
            return (
                outcome,
                Redactor(keys: SecretKeys(adding: secretPatterns), documents: [])
            )
        }
    }

    private static func lines(_ error: any Error, _ each: ElementCase) -> [String] {
        if let list = error as? ErrorList { return list.errors.flatMap { lines($0, each) } }
        let text = "\(error)".replacing("\(each.templates)/", with: "").replacing(
            "\(each.directory)/", with: "")
        return text.split(whereSeparator: \.isNewline).map(String.init)
    }

    // MARK: Comparing

    private func compare(_ each: ElementCase, _ outcome: Outcome, _ redactor: Redactor) throws
        -> CaseResult.Failure
    {
        var failure = CaseResult.Failure()
        if FileContents.status(each.errorPath) != nil {
            let wanted = String(decoding: try FileContents.read(each.errorPath), as: UTF8.self)
                .split(whereSeparator: \.isNewline).map(String.init).filter { !$0.isEmpty }
            if outcome.errors.isEmpty { failure.messages.append("an error was expected, and there was none") }
            for line in wanted where !outcome.errors.isEmpty {
                guard !outcome.errors.contains(where: { $0.contains(line) }) else { continue }
                failure.messages.append("expected the error: \(line)")
                failure.messages += outcome.errors.map { "but the error was: \($0)" }
            }
            return failure
        }
        guard outcome.errors.isEmpty else {
            failure.messages = outcome.errors
            return failure
        }
        guard FileContents.isDirectory(each.expectedPath) else {
            failure.messages = ["there is neither expected/ nor expected-error; --update makes them"]
            return failure
        }
        failure.differences = try differences(each, outcome, redactor)
        failure.messages = try compareManifest(each, outcome)
        return failure
    }

    private func differences(_ each: ElementCase, _ outcome: Outcome, _ redactor: Redactor) throws
        -> [FileDifference]
    {
        var rendered: [String: RenderedFile] = [:]
        for file in outcome.files { rendered[file.path.string] = file }
        let expected = Self.files(below: each.expectedPath)
        return try Set(expected + rendered.keys).sorted().compactMap { path in
            let file = rendered[path]
            let isExpected = expected.contains(path)
            let old =
                isExpected ? try FileContents.read(each.expectedPath.appending(path)) : []
            if isExpected, let file, file.body == old { return nil }
            let new = file.map {
                showsSecrets ? RedactedText(bytes: $0.body) : redactor.redacted($0, prefix: prefix)
            }
            let history =
                showsSecrets
                ? nil
                : file.map { redactor.history(of: $0, prefix: prefix) }
                    ?? (redactor.mask.isEmpty ? .none : .gone)
            let oldText = showsSecrets ? RedactedText(bytes: old) : redactor.redacted(unmapped: old)
            return FileDifference(
                path: path, template: file?.template.string,
                change: !isExpected ? .create : file == nil ? .delete : .modify, replaced: nil,
                old: .init(), new: .init(),
                content: FileDifference.content(
                    old: oldText, new: new ?? RedactedText(bytes: []), history: history, redactor: redactor))
        }
    }

    /// The files below a directory, as paths below it, but for the manifest.
    static func files(below root: FilePath) -> [String] {
        var files: [String] = []
        var pending: [FilePath] = [""]
        while let directory = pending.popLast() {
            for entry in (try? DirectoryListing.entries(of: root.pushing(directory))) ?? [] {
                let path = directory.appending(entry.name)
                if entry.kind == .directory { pending.append(path) } else { files.append(path.string) }
            }
        }
        return files.filter { $0 != Manifest.name }.sorted()
    }

    private func compareManifest(_ each: ElementCase, _ outcome: Outcome) throws -> [String] {
        let path = each.expectedPath.appending(Manifest.name)
        guard FileContents.status(path) != nil else { return [] }
        let wanted = try Manifest(MetadataSource(name: path.string, bytes: try FileContents.read(path)))
        var planned: [String: Manifest.Entry] = [:]
        for file in outcome.files { planned[file.path.string] = Self.entry(file) }
        return wanted.entries.flatMap { path, wanted -> [String] in
            guard let planned = planned[path] else { return ["\(path): in the manifest, but not made"] }
            var messages: [String] = []
            if let mode = wanted.mode, mode != planned.mode {
                messages.append(
                    "\(path): expected mode \(mode.octalMode), got \(planned.mode?.octalMode ?? "none")"
                )
            }
            for (word, wanted, planned) in [
                ("owner", wanted.owner, planned.owner), ("group", wanted.group, planned.group),
            ] where wanted != nil && wanted != planned {
                messages.append("\(path): expected \(word) \(wanted ?? ""), got \(planned ?? "none")")
            }
            return messages
        }
    }

    /// What a file's control file asks for; a mode that it does not ask for is that of a new file.
    private static func entry(_ file: RenderedFile) -> Manifest.Entry {
        Manifest.Entry(
            mode: file.controls.mode ?? 0o644, owner: file.controls.owner?.text,
            group: file.controls.group?.text)
    }

    // MARK: Updating

    /// Makes what came out what is expected.
    func update(_ each: ElementCase) async throws {
        let (outcome, _) = try await outcome(of: each)
        let staged = StagedWrite(in: try RootedDirectory(each.directory), isDurable: false)
        let name = FilePath(ElementCase.expectedName)
        var kept: Set<String> = []
        if outcome.errors.isEmpty {
            for file in outcome.files {
                try staged.stage(name.pushing(file.path), file.body, FileAttributes(mode: 0o644))
                kept.insert(file.path.string)
            }
            try staged.stage(name.appending(Manifest.name), Array(manifest(outcome).text.utf8))
            try staged.stageRemoval(FilePath(ElementCase.errorName))
        } else {
            let text = outcome.errors.map { $0 + "\n" }.joined()
            try staged.stage(FilePath(ElementCase.errorName), Array(text.utf8))
            try staged.stageRemoval(name.appending(Manifest.name))
        }
        for path in Self.files(below: each.expectedPath) where !kept.contains(path) {
            try staged.stageRemoval(name.pushing(FilePath(path)))
        }
        try staged.commit()
    }

    private func manifest(_ outcome: Outcome) -> Manifest {
        var manifest = Manifest()
        for file in outcome.files { manifest.add(file.path.string, Self.entry(file)) }
        return manifest
    }
}
