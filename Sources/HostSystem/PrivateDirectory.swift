// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// A directory of mode 0700 below `TMPDIR`, removed with its files when the value goes.
package final class PrivateDirectory: Sendable {
    package let path: FilePath

    /// - Throws: `HostError` when it cannot be made.
    package init() throws(HostError) {
        let variable = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let named = FilePath(variable.isEmpty ? "/tmp" : variable)
        // Whoever is told of it may be in another directory.
        let parent = named.isAbsolute ? named : FileContents.resolved(named) ?? named
        let template = parent.appending("os-config.XXXXXX")
        var name = template.withPlatformString {
            Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
        }
        guard mkdtemp(&name) != nil else { throw .last("make a directory in", parent) }
        path = FilePath(platformString: name)
    }

    deinit {
        for entry in (try? DirectoryListing.entries(of: path)) ?? [] {
            _ = path.appending(entry.name).withPlatformString { unlink($0) }
        }
        _ = path.withPlatformString { rmdir($0) }
    }
}
