// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import SystemPackage

/// Whole directories: copied, swapped, removed.
package enum FileTree {
    /// Puts a copy of `source` at `target`, whose old contents go: readers see the old directory or the new one.
    ///
    /// Links are followed, modes kept; what is neither file nor directory is left out.
    ///
    /// - Throws: `HostError`; the old contents stay then.
    package static func replace(_ target: FilePath, withCopyOf source: FilePath) throws(HostError) {
        let parent = target.removingLastComponent()
        if !parent.isEmpty { _ = try RootedDirectory(parent, creating: .byUmask) }
        let aside = aside(target)
        remove(aside)
        do {
            try copy(source, to: aside)
            try putInPlace(aside, target)
        } catch {
            remove(aside)
            throw error
        }
        remove(aside)
    }

    /// Removes what a `replace` that was killed has left beside `target`.
    package static func removeUnfinished(of target: FilePath) { remove(aside(target)) }

    /// Where the copy grows; one at a time.
    private static func aside(_ target: FilePath) -> FilePath { FilePath("\(target).os-config-new") }

    private static func putInPlace(_ aside: FilePath, _ target: FilePath) throws(HostError) {
        let result = aside.withPlatformString { aside in
            target.withPlatformString { target in
                let isThere = access(target, F_OK) == 0
                return isThere ? os_exchange(aside, target) : rename(aside, target)
            }
        }
        guard result == 0 else { throw .last("replace", target) }
    }

    private static func copy(_ source: FilePath, to target: FilePath) throws(HostError) {
        guard let status = FileContents.status(source), status.isDirectory else {
            throw HostError("copy", source, .notDirectory)
        }
        try RootedDirectory.makeDirectory(target, in: AT_FDCWD, displayPath: target)
        let staged = StagedWrite(in: try RootedDirectory(target))
        for entry in try DirectoryListing.entries(of: source) {
            let path = source.appending(entry.name)
            guard let status = FileContents.status(path) else { continue }
            if status.isDirectory {
                try copy(path, to: target.appending(entry.name))
            } else if status.isRegular {
                let attributes = FileAttributes(mode: status.mode)
                _ = try staged.stage(
                    FilePath(root: nil, [entry.name]), try FileContents.read(path), attributes)
            }
        }
        try staged.commit()
        _ = target.withPlatformString { chmod($0, status.mode) }
    }

    /// Removes `path` and all below it; links are removed, not followed.
    package static func remove(_ path: FilePath) {
        let isRemoved = path.withPlatformString { unlink($0) == 0 || rmdir($0) == 0 || errno == ENOENT }
        guard !isRemoved else { return }
        for entry in (try? DirectoryListing.entries(of: path)) ?? [] { remove(path.appending(entry.name)) }
        _ = path.withPlatformString { rmdir($0) }
    }
}
