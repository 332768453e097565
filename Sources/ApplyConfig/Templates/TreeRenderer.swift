// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import Mustache
import SystemPackage

/// What one template makes.
struct RenderedFile {
    let entry: TemplateTree.Entry
    let body: [UInt8]
    let controls: TemplateControls
    let isExecutable: Bool
    /// Nil for what a program printed, and where none was asked for.
    let sourceMap: SourceMap?
    let missing: [MissingKey]
    let missingPartials: [MissingKey]
    /// The files of the partials that were used.
    let partials: Set<String>

    var template: FilePath { entry.path }
    /// Below the output's root.
    var path: FilePath { entry.relativePath }
    /// Whether an existing file is to go instead of being emptied.
    var isRemoval: Bool { body.isEmpty && !controls.allowEmpty }
}

/// Renders a whole tree of templates in memory.
struct TreeRenderer {
    let tree: TemplateTree
    let metadata: MetadataValue
    let recordsSourceMaps: Bool
    /// How long an executable template may take; nil: for ever.
    let timeLimit: Duration?
    /// Whether partials may come from outside the template root.
    let isConfined: Bool
    let mask: SecretMask.Lazy
    let logger: Logger

    /// The files of templates, or why there is none, in their order.
    func results(_ entries: [TemplateTree.Entry]) async -> [Result<RenderedFile, any Error>] {
        let input = LazyInput(metadata)
        var results: [Result<RenderedFile, any Error>] = []
        for entry in entries {
            do {
                results.append(.success(try await render(entry, input)))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    /// The file of one template of the tree.
    func render(_ entry: TemplateTree.Entry) async throws -> RenderedFile {
        try await render(entry, LazyInput(metadata))
    }

    private func render(_ entry: TemplateTree.Entry, _ input: LazyInput) async throws -> RenderedFile {
        let (bytes, status) = try read(entry.path)
        let isExecutable = try status.mode & 0o111 != 0 && FileContents.mayExecute(entry.path)
        let rendering: Rendering
        if isExecutable {
            rendering = Rendering(output: try await run(entry, input))
        } else {
            rendering = try render(MetadataSource(name: entry.path.string, bytes: bytes), entry)
        }
        let controls = try entry.controlPath.map { try TemplateControls(reading: $0) } ?? TemplateControls()
        for warning in controls.warnings { logger.warning("\(warning)") }
        return RenderedFile(
            entry: entry, body: rendering.output, controls: controls, isExecutable: isExecutable,
            sourceMap: rendering.sourceMap, missing: rendering.missing,
            missingPartials: rendering.missingPartials, partials: rendering.partials)
    }

    private func render(_ source: MetadataSource, _ entry: TemplateTree.Entry) throws -> Rendering {
        let partials = TemplatePartials(
            templateDirectory: entry.path.removingLastComponent(), root: tree.root, isConfined: isConfined,
            logger: logger)
        do {
            return try Template.parse(source).render(
                metadata, partials: partials, recordsSourceMap: recordsSourceMaps)
        } catch let error as TemplateError where error.source.name != source.name {
            throw ConfigError("could not render \(entry.path): \(error)", at: error)
        }
    }

    private func run(_ entry: TemplateTree.Entry, _ input: LazyInput) async throws -> [UInt8] {
        let template = ExecutableTemplate(path: entry.path, timeLimit: timeLimit, mask: mask)
        let (output, complaint) = try await template.run(metadata: input.bytes)
        if !complaint.isEmpty {
            logger.warning("\(entry.path) wrote on standard error:\(complaint)")
        }
        return output
    }

    private func read(_ path: FilePath) throws -> (bytes: [UInt8], status: FileContents.Status) {
        // Opening a FIFO would wait for a writer.
        if let status = FileContents.status(path), !status.isRegular, !status.isDirectory {
            throw ConfigError("the template \(path) is not a regular file")
        }
        return try FileContents.readWithStatus(path)
    }
}

/// The metadata as JSON, written once, when the first program wants it.
private final class LazyInput {
    private let metadata: MetadataValue
    private(set) lazy var bytes = JSONWriter.bytes(of: metadata)

    init(_ metadata: MetadataValue) {
        self.metadata = metadata
    }
}
