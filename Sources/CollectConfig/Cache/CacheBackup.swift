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

    /// Whether a directory, if there is one, holds nothing but what a cache holds: replacing it loses nothing else.
    static func isBackup(_ path: FilePath, of cache: FilePath) -> Bool {
        ((try? DirectoryListing.entries(of: path)) ?? []).allSatisfy { entry in
            CachedFiles.isOne(entry.name.string) || FileContents.status(cache.appending(entry.name)) != nil
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
            logger.warning("the backup directory \(copy) holds other files than a cache, ignoring")
            return
        }
        do {
            try FileTree.replace(copy, withCopyOf: cache)
        } catch {
            logger.warning("cannot back up the cache: \(error), ignoring")
        }
    }
}
