// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import Mustache
import SystemPackage

/// Finds `{{>name}}` as `name.mustache`: in the template's own directory, then the template root, then, with a warning, the
/// working directory, where the original looked.
struct TemplatePartials: PartialLoader {
    let templateDirectory: FilePath
    let root: FilePath
    let logger: Logger

    func partial(_ name: ByteString) throws -> MetadataSource? {
        guard !name.bytes.contains(0) else { return nil }
        let file = FilePath(name.text + ".mustache")
        if file.isAbsolute { return try read(file) }
        for directory in [templateDirectory, root] {
            if let found = try read(directory.pushing(file)) { return found }
        }
        guard let found = try read(FilePath(".").pushing(file)) else { return nil }
        logger.warning("the partial \(name) comes from the working directory, not from the templates")
        return found
    }

    private func read(_ path: FilePath) throws -> MetadataSource? {
        guard let status = FileContents.status(path) else { return nil }
        guard status.isRegular || status.isDirectory else {
            throw ConfigError("the partial \(path) is not a file")
        }
        return MetadataSource(name: path.string, bytes: try FileContents.read(path))
    }
}
