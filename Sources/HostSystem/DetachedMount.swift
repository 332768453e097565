// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import SystemPackage

/// A file system that is mounted nowhere, read-only, and only for as long as the value lives: however this process ends, the
/// kernel takes it away.
///
/// By fsopen(2) and fsmount(2) (Linux 5.2).
package final class DetachedMount: Sendable {
    private let descriptor: Int32

    /// - Parameter type: the kind of file system, as in proc_filesystems(5).
    /// - Throws: `HostError`.
    package init(_ device: FilePath, type: String) throws(HostError) {
        descriptor = device.withPlatformString { os_mount_detached($0, type) }
        guard descriptor >= 0 else { throw .last("mount", device) }
    }

    deinit { close(descriptor) }

    /// The bytes of the file at `path`, which does not lead out of the file system; nil when there is none.
    package func read(_ path: FilePath, limit: Int) throws(HostError) -> [UInt8]? {
        let resolve = os_resolve_in_root | os_resolve_no_magic_links
        let file = path.withPlatformString { name in
            retrying { os_openat2(descriptor, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, resolve) }
        }
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .last("read", path)
        }
        defer { close(file) }
        return try FileContents.bytes(of: file, limit: limit, path)
    }
}
