// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import Mustache
import SystemPackage

/// Looks at a tree of templates and control files without any metadata.
struct TemplateLint {
    let tree: TemplateTree
    let isStrict: Bool
    private let logger: Logger

    private(set) var findings: [Finding] = []
    /// The tags of the templates that can be parsed.
    private(set) var tags: [Template.Tag] = []
    /// Templates that are to be run.
    private(set) var programs: Set<FilePath> = []
    /// Templates and control files that cannot be used.
    private(set) var broken: Set<FilePath> = []

    /// - Parameter isStrict: whether a missing partial or an unreadable directory is an error.
    init(_ tree: TemplateTree, isStrict: Bool, logger: Logger) {
        self.tree = tree
        self.logger = logger
        self.isStrict = isStrict
        let survey = tree.survey()
        guard FileContents.isDirectory(tree.root) else {
            findings.append(
                Finding(
                    .error, .templateUnreadable, tree.root.string, "the template directory does not exist"))
            return
        }
        for entry in survey.entries {
            lookAtName(entry)
            lookAtTemplate(entry)
            lookAtControls(entry)
        }
        for error in survey.unlisted {
            let isUnreadable = error.errno == .permissionDenied && !isStrict
            findings.append(
                Finding(
                    isUnreadable ? .warning : .error, .templateUnreadable, error.path.string,
                    "cannot be listed: \(error.errno)"))
        }
        for path in survey.orphans {
            findings.append(
                Finding(
                    .warning, .controlWithoutTemplate, path.string,
                    "there is no template \(path.string.dropLast(TemplateTree.controlSuffix.count))"))
        }
    }

    // MARK: Names

    private static let leftovers = [
        "*~", ".*.sw?", "#*#", ".#*", "*.orig", "*.rej", "*.bak", ".DS_Store", "*.pyc", ".gitignore",
        ".gitkeep",
    ].map { GlobPattern($0) }
    private static let repositories: Set<String> = [".git", ".svn", ".hg", "__pycache__"]

    private mutating func lookAtName(_ entry: TemplateTree.Entry) {
        guard let name = entry.path.lastComponent?.string else { return }
        let isInside = entry.relativePath.components.dropLast().contains {
            Self.repositories.contains($0.string)
        }
        guard isInside || Self.leftovers.contains(where: { $0.matches(name) }) else { return }
        findings.append(
            Finding(
                .warning, .leftover, entry.path.string,
                "looks like a left-over of an editor or a version control system; it would be installed"))
    }

    // MARK: Templates

    private mutating func lookAtTemplate(_ entry: TemplateTree.Entry) {
        guard FileContents.status(entry.path)?.isRegular == true,
            let (bytes, status) = try? FileContents.readWithStatus(entry.path)
        else {
            broken.insert(entry.path)
            findings.append(
                Finding(.error, .templateUnreadable, entry.path.string, "cannot be read as a regular file"))
            return
        }
        let source = MetadataSource(name: entry.path.string, bytes: bytes)
        if status.mode & 0o111 != 0 {
            programs.insert(entry.path)
            return lookAtProgram(source, entry.path)
        }
        let errors = Template.errors(in: source)
        findings += errors.map { Finding(.error, .templateSyntax, $0) }
        guard errors.isEmpty, let template = try? Template.parse(source) else {
            broken.insert(entry.path)
            return
        }
        tags += template.tags
        for tag in template.tags where tag.kind == .partial { lookAtPartial(tag, entry) }
    }

    private mutating func lookAtProgram(_ source: MetadataSource, _ path: FilePath) {
        let isScript = source.bytes.starts(with: Array("#!".utf8))
        guard isScript || source.bytes.starts(with: [0x7F] + Array("ELF".utf8)) else {
            broken.insert(path)
            findings.append(
                Finding(
                    .error, .executable, source.name,
                    "is executable, so it would be run, but it is neither a script (#!) nor a program"))
            return
        }
        guard isScript, let tag = (try? Template.parse(source))?.tags.first(where: { $0.kind != .partial })
        else {
            return
        }
        findings.append(
            Finding(
                .warning, .executable,
                TextError(
                    source: source, position: tag.place.position,
                    reason: "is executable, so it is run and this tag stays as it is")))
    }

    private mutating func lookAtPartial(_ tag: Template.Tag, _ entry: TemplateTree.Entry) {
        let partials = TemplatePartials(
            templateDirectory: entry.path.removingLastComponent(), root: tree.root, isConfined: isStrict,
            logger: logger)
        guard (try? partials.partial(tag.name)) == nil else { return }
        findings.append(
            Finding(
                isStrict ? .error : .warning, .missingPartial,
                TextError(
                    source: tag.place.source, position: tag.place.position,
                    reason: "there is no partial \(tag.name)")))
    }

    // MARK: Control files

    private mutating func lookAtControls(_ entry: TemplateTree.Entry) {
        guard let path = entry.controlPath else { return }
        do {
            let controls = try TemplateControls(reading: path)
            findings += controls.oddities.map { Finding(.warning, .controlOddity, $0) }
        } catch let list as ErrorList {
            broken.insert(entry.path)
            for error in list.errors { note(error, path) }
        } catch {
            broken.insert(entry.path)
            note(error, path)
        }
    }

    private mutating func note(_ error: any Error, _ path: FilePath) {
        if let place = (error as? ConfigError)?.place {
            findings.append(Finding(.error, .controlFile, place))
        } else {
            findings.append(Finding(.error, .controlFile, path.string, "\(error)"))
        }
    }
}
