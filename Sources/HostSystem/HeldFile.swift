// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import SystemPackage

/// A new file that this process adds to, and that others can see is not finished: it is locked (`flock(2)`) until the value
/// goes or the process ends, however it ends.
package final class HeldFile: Sendable {
    package let path: FilePath
    private let descriptor: Int32

    /// Makes the file, 0600; nil when there is something by that name.
    ///
    /// - Throws: `HostError`.
    package static func make(_ path: FilePath) throws(HostError) -> HeldFile? {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC
        let descriptor = path.withPlatformString { name in
            retrying { os_openat(AT_FDCWD, name, flags, 0o600) }
        }
        guard descriptor >= 0 else {
            let error = HostError.last("make", path)
            if error.errno == .fileExists { return nil }
            throw error
        }
        // Who looks whether it is held has it for a moment.
        retrying { flock(descriptor, LOCK_EX) }
        return HeldFile(path, descriptor)
    }

    private init(_ path: FilePath, _ descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Adds all of `bytes` to the end, or nothing.
    package func append(_ bytes: [UInt8]) throws(HostError) {
        let size = lseek(descriptor, 0, SEEK_END)
        do {
            try FileContents.write(bytes, to: descriptor, "write", path)
        } catch {
            ftruncate(descriptor, size)
            throw error
        }
    }

    /// Drops what comes behind the first `size` bytes.
    package func truncate(to size: Int) { ftruncate(descriptor, off_t(size)) }

    /// Whether somebody still holds the file at `path`.
    package static func isHeld(_ path: FilePath) -> Bool {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let file = path.withPlatformString { name in retrying { os_openat(AT_FDCWD, name, flags, 0) } }
        guard file >= 0 else { return false }
        defer { close(file) }
        return retrying { flock(file, LOCK_SH | LOCK_NB) } != 0 && errno == EWOULDBLOCK
    }
}
