// SPDX-License-Identifier: Apache-2.0

import HostSystem
import SystemPackage

/// What of a directory is a cache's.
enum CachedFiles {
    private static let suffixes = [".json", ".json.orig", ".json.last", ".json.boot", ".json.before"]

    static func isOne(_ name: String) -> Bool {
        suffixes.contains { name.hasSuffix($0) } || StagedWrite.isTemporary(name)
    }

    /// Removes the files of a cache from its directory, and leaves whatever else is there.
    ///
    /// - Throws: `HostError`.
    static func remove(from directory: FilePath) throws {
        guard FileContents.isDirectory(directory) else { return }
        for entry in try DirectoryListing.entries(of: directory)
        where entry.kind != .directory && isOne(entry.name.string) {
            try FileContents.remove(directory.appending(entry.name))
        }
    }
}
