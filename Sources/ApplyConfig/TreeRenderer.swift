// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import Mustache
import SystemPackage

/// What one template makes.
struct RenderedFile {
    let template: FilePath
    /// Below the output's root.
    let path: FilePath
    let body: [UInt8]
    let controls: TemplateControls
    let missing: [MissingKey]
}

/// Renders a whole tree of templates in memory.
struct TreeRenderer {
    let tree: TemplateTree
    let metadata: MetadataValue
    let logger: Logger

    /// - Throws: the error of the first template, in the order of the tree, that cannot be rendered.
    func render() async throws -> [RenderedFile] {
        var files: [RenderedFile] = []
        for entry in tree.entries() { files.append(try await render(entry)) }
        return files
    }

    private func render(_ entry: TemplateTree.Entry) async throws -> RenderedFile {
        let (bytes, status) = try read(entry.path)
        let isExecutable = status.mode & 0o111 != 0 && FileContents.isExecutable(entry.path)
        let rendering: Rendering
        if isExecutable {
            let input = JSONWriter.bytes(of: metadata)
            rendering = Rendering(
                output: try await ExecutableTemplate(path: entry.path).output(metadata: input))
        } else {
            let source = MetadataSource(name: entry.path.string, bytes: bytes)
            let partials = TemplatePartials(
                templateDirectory: entry.path.removingLastComponent(), root: tree.root, logger: logger)
            do {
                rendering = try Template.parse(source).render(metadata, partials: partials)
            } catch let error as TemplateError where error.template != source.name {
                throw ConfigError("could not render \(entry.path): \(error)")
            }
        }
        let controls = try entry.controlPath.map { try TemplateControls(reading: $0) } ?? TemplateControls()
        for warning in controls.warnings { logger.warning("\(warning)") }
        return RenderedFile(
            template: entry.path, path: entry.relativePath, body: rendering.output, controls: controls,
            missing: rendering.missing)
    }

    private func read(_ path: FilePath) throws -> (bytes: [UInt8], status: FileContents.Status) {
        // Opening a FIFO would wait for a writer.
        if let status = FileContents.status(path), !status.isRegular, !status.isDirectory {
            throw ConfigError("the template \(path) is not a regular file")
        }
        return try FileContents.readWithStatus(path)
    }
}
