// SPDX-License-Identifier: Apache-2.0

import HostSystem
import SystemPackage

/// The templates below a root: every file but the control files.
struct TemplateTree {
    struct Entry {
        /// As walked: the root as it was given, and what is below it.
        let path: FilePath
        /// Below the root; the same below the output's root.
        let relativePath: FilePath
        /// The control file beside the template.
        let controlPath: FilePath?
    }

    static let controlSuffix = ".oac"

    let root: FilePath
    /// Patterns of the names, or of the paths below the root, of what is left out.
    var excluded: [GlobPattern] = []

    /// The templates in the order of their names, the files of a directory before its directories. Links to files are
    /// followed, links to directories are not; what cannot be listed is left out, as is a root that does not exist.
    func entries() -> [Entry] { survey().entries }

    /// What is in the tree.
    struct Survey {
        var entries: [Entry] = []
        /// The control files beside which there is no template.
        var orphans: [FilePath] = []
        /// The directories that cannot be listed.
        var unlisted: [HostError] = []
    }

    func survey() -> Survey {
        var survey = Survey()
        if !root.isEmpty { visit(root, relative: FilePath(""), into: &survey) }
        return survey
    }

    /// The root and the directories below it.
    func directories() -> [FilePath] {
        var directories = [root]
        var next = 0
        while next < directories.count {
            let listing = (try? DirectoryListing.entries(of: directories[next])) ?? []
            for entry in listing where entry.kind == .directory {
                directories.append(directories[next].appending(entry.name))
            }
            next += 1
        }
        return directories
    }

    private func visit(_ directory: FilePath, relative: FilePath, into survey: inout Survey) {
        let listing: [DirectoryListing.Entry]
        do {
            listing = try DirectoryListing.entries(of: directory)
        } catch {
            if error.errno != .noSuchFileOrDirectory, error.errno != .notDirectory {
                survey.unlisted.append(error)
            }
            return
        }
        let suffix = Array(Self.controlSuffix.utf8)
        var controls: Set<FilePath.Component> = []
        var templates: [FilePath.Component] = []
        var directories: [FilePath.Component] = []
        for entry in listing where !isExcluded(entry.name, relative) {
            if entry.kind == .directory {
                directories.append(entry.name)
            } else if Self.bytes(entry.name).suffix(suffix.count) == suffix[...] {
                controls.insert(entry.name)
            } else if entry.kind != .link || !FileContents.isDirectory(directory.appending(entry.name)) {
                templates.append(entry.name)
            }
        }
        for name in templates {
            let control = Self.controlName(of: name)
            survey.entries.append(
                Entry(
                    path: directory.appending(name), relativePath: relative.appending(name),
                    controlPath: controls.remove(control) != nil ? directory.appending(control) : nil))
        }
        for name in listing.map(\.name) where controls.contains(name) {
            survey.orphans.append(directory.appending(name))
        }
        for name in directories {
            visit(directory.appending(name), relative: relative.appending(name), into: &survey)
        }
    }

    private func isExcluded(_ name: FilePath.Component, _ directory: FilePath) -> Bool {
        excluded.contains { $0.matches(name.string) || $0.matches(directory.appending(name).string) }
    }

    private static func bytes(_ name: FilePath.Component) -> [UInt8] {
        name.withPlatformString { pointer in
            Array(UnsafeRawBufferPointer(start: pointer, count: length(pointer)))
        }
    }

    private static func length(_ pointer: UnsafePointer<CChar>) -> Int {
        var length = 0
        while pointer[length] != 0 { length += 1 }
        return length
    }

    private static func controlName(of name: FilePath.Component) -> FilePath.Component {
        let bytes =
            Self.bytes(name).map(CChar.init(bitPattern:)) + controlSuffix.utf8.map(CChar.init(bitPattern:))
            + [0]
        return bytes.withUnsafeBufferPointer { FilePath.Component(platformString: $0.baseAddress!)! }
    }
}
