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

    /// The templates in the order of their names, the files of a directory before its directories. Links to files are
    /// followed, links to directories are not; what cannot be listed is left out, as is a root that does not exist.
    func entries() -> [Entry] {
        guard !root.isEmpty else { return [] }
        var entries: [Entry] = []
        visit(root, relative: FilePath(""), into: &entries)
        return entries
    }

    private func visit(_ directory: FilePath, relative: FilePath, into entries: inout [Entry]) {
        guard let listing = try? DirectoryListing.entries(of: directory) else { return }
        let suffix = Array(Self.controlSuffix.utf8)
        var controls: Set<FilePath.Component> = []
        var templates: [FilePath.Component] = []
        var directories: [FilePath.Component] = []
        for entry in listing {
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
            entries.append(
                Entry(
                    path: directory.appending(name), relativePath: relative.appending(name),
                    controlPath: controls.contains(control) ? directory.appending(control) : nil))
        }
        for name in directories {
            visit(directory.appending(name), relative: relative.appending(name), into: &entries)
        }
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
