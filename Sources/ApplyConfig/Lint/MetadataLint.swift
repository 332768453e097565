// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import Mustache
import SystemPackage

/// Looks at what templates make of metadata: keys that are missing, keys that nobody asks for, secrets that all may read.
struct MetadataLint {
    let workspace: Workspace
    let inputs: Workspace.Inputs
    /// What was found without metadata.
    let templates: TemplateLint

    private(set) var findings: [Finding] = []

    mutating func run() async throws {
        let renderer = workspace.renderer(inputs, recordsSourceMaps: true)
        let targets = TargetReader(try workspace.output.open())
        var files: [RenderedFile] = []
        for entry in workspace.tree.entries() where !templates.broken.contains(entry.path) {
            do {
                files.append(try await renderer.render(entry))
            } catch {
                note(error, entry)
            }
        }
        findMissingKeys(files)
        for file in files { lookAtMode(file, targets) }
        // A program is given all metadata: what it uses of it, nobody knows.
        if templates.programs.isEmpty { findUnusedKeys(files) }
    }

    private mutating func note(_ error: any Error, _ entry: TemplateTree.Entry) {
        if let error = (error as? ConfigError)?.place ?? error as? any LocatedError {
            findings.append(Finding(.error, .render, error))
        } else {
            findings.append(Finding(.error, .render, entry.path.string, "\(error)"))
        }
    }

    private mutating func findMissingKeys(_ files: [RenderedFile]) {
        let severity: Finding.Severity = workspace.options.strict ? .error : .warning
        for error in MissingKeys(files).keyErrors(in: inputs.metadata) {
            findings.append(Finding(severity, .missingKey, error))
        }
    }

    // MARK: Secrets

    private mutating func lookAtMode(_ file: RenderedFile, _ targets: TargetReader) {
        guard !file.isRemoval else { return }
        let current = try? targets.plan(file.path, file.body, FileAttributes(mode: file.controls.mode))
        let mode = current?.wanted.mode ?? file.controls.mode ?? 0o644
        guard mode & 0o004 != 0 else { return }
        let redactions = inputs.redactor.value.redacted(file, prefix: inputs.prefix).redactions
        guard let first = redactions.first else { return }
        findings.append(
            Finding(
                .warning, .readableSecret, file.template.string,
                "the file can be read by everybody (mode \(mode.octalMode)) and holds \(first.label); "
                    + "set a mode in \(file.template)\(TemplateTree.controlSuffix)"))
    }

    // MARK: Unused keys

    private mutating func findUnusedKeys(_ files: [RenderedFile]) {
        var uses = UseTree()
        for file in files {
            for use in file.sourceMap?.uses ?? [] {
                if let path = use.path { uses.add(path[...], isWhole: use.kind == .interpolation) }
            }
        }
        // What stands in a section that is not run here is asked for elsewhere.
        let names = Set(templates.tags.flatMap(\.parts))
        report(inputs.metadata, [], uses, names)
    }

    private mutating func report(
        _ value: MetadataValue, _ path: [ByteString], _ uses: UseTree, _ names: Set<ByteString>
    ) {
        guard !uses.isWhole, let members = value.object?.members else { return }
        for member in members {
            let memberPath = path + [member.key]
            if let below = uses.members[member.key] {
                report(member.value, memberPath, below, names)
                continue
            }
            guard !names.contains(member.key) else { continue }
            let provenance = member.value.provenance
            findings.append(
                Finding(
                    .warning, .unusedKey, provenance.source?.name ?? "",
                    "no template uses the key \((inputs.prefix + memberPath).dotted)", at: provenance.position
                ))
        }
    }

    /// Which keys were asked for.
    private struct UseTree {
        var members: [ByteString: UseTree] = [:]
        /// Whether the value was written as a whole, with all that is in it.
        var isWhole = false

        mutating func add(_ path: ArraySlice<ByteString>, isWhole: Bool) {
            guard let first = path.first else {
                self.isWhole = self.isWhole || isWhole
                return
            }
            members[first, default: UseTree()].add(path.dropFirst(), isWhole: isWhole)
        }
    }
}
