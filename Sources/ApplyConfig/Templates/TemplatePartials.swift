// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import Mustache
import SystemPackage

/// Finds `{{>name}}` as `name.mustache`: in the template's own directory, then the template root, then, with a warning, the
/// working directory, where the original looked; confined to the template root, in the first two only.
struct TemplatePartials: PartialLoader {
    let templateDirectory: FilePath
    let root: FilePath
    let isConfined: Bool
    let logger: Logger

    func partial(_ name: ByteString) throws -> MetadataSource? {
        guard !name.bytes.contains(0) else { return nil }
        let file = FilePath(name.text + ".mustache")
        if isConfined { return try confinedPartial(file) }
        if file.isAbsolute { return try read(file) }
        for directory in [templateDirectory, root] {
            if let found = try read(directory.pushing(file)) { return found }
        }
        guard let found = try read(FilePath(".").pushing(file)) else { return nil }
        logger.warning("the partial \(name) comes from the working directory, not from the templates")
        return found
    }

    /// Neither `..` nor a link leads out of the template root.
    private func confinedPartial(_ file: FilePath) throws -> MetadataSource? {
        guard !file.isAbsolute else { return nil }
        let rooted = try RootedDirectory(root)
        var below = templateDirectory
        guard below.removePrefix(root) else { return nil }
        for directory in [below, FilePath("")] {
            let path = directory.pushing(file)
            if let bytes = try rooted.read(path) {
                return MetadataSource(name: root.pushing(path).string, bytes: bytes)
            }
        }
        return nil
    }

    private func read(_ path: FilePath) throws -> MetadataSource? {
        guard let status = try FileContents.existing(path) else { return nil }
        guard status.isRegular || status.isDirectory else {
            throw ConfigError("the partial \(path) is not a file")
        }
        return MetadataSource(name: path.string, bytes: try FileContents.read(path))
    }
}
