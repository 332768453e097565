// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import SystemPackage

/// The copy of the cache.
struct CacheBackup {
    let cache: FilePath
    /// Empty: there is none.
    let copy: FilePath
    let logger: Logger

    /// The default directory of the `local` source, which stands in the cache's.
    private static let localData = "local-data"

    /// Whether there is nothing, or a directory that holds nothing but what a cache holds: replacing it loses nothing else.
    static func isBackup(_ path: FilePath, of cache: FilePath) -> Bool {
        guard FileContents.status(path) != nil else { return true }
        guard let entries = try? DirectoryListing.entries(of: path) else { return false }
        return entries.allSatisfy { entry in
            CachedFiles.isOne(entry.name.string) || entry.name.string == localData
                || FileContents.status(cache.appending(entry.name)) != nil
        }
    }

    /// Replaces the copy; a failure is survived.
    func make() {
        let (inside, outside) = (
            cache.lexicallyNormalized().string + "/", copy.lexicallyNormalized().string + "/"
        )
        if copy.isEmpty { return }
        if inside.hasPrefix(outside) || outside.hasPrefix(inside) || outside == "//" {
            logger.warning("the backup directory \(copy) and the cache \(cache) hold each other, ignoring")
            return
        }
        guard Self.isBackup(copy, of: cache) else {
            logger.warning(
                "the backup directory \(copy) is none, or holds other files than a cache, ignoring")
            return
        }
        do {
            // A link stays, and leads to the copy.
            try FileTree.replace(FileContents.resolved(copy) ?? copy, withCopyOf: cache)
        } catch {
            logger.warning("cannot back up the cache: \(error), ignoring")
        }
    }
}
