// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import SystemPackage

/// A lock file held by this process (`flock(2)`), released when the value goes or the process ends.
///
/// The file is 0600, so that nobody else can hold it, and closed in every program we start.
package final class FileLock: Sendable {
    package let path: FilePath
    private let descriptor: Int32

    /// Takes the lock, or gives nil when somebody else has it.
    ///
    /// - Throws: `HostError` when the file cannot be opened.
    package static func take(_ path: FilePath) throws(HostError) -> FileLock? {
        let descriptor = path.withPlatformString { name in
            retrying { os_openat(AT_FDCWD, name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        }
        guard descriptor >= 0 else { throw .last("open the lock file", path) }
        guard retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let error = HostError.last("lock", path)
            close(descriptor)
            guard isHeld else { throw error }
            return nil
        }
        fchmod(descriptor, 0o600)
        return FileLock(path, descriptor)
    }

    private init(_ path: FilePath, _ descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        ftruncate(descriptor, 0)
        close(descriptor)
    }

    /// Replaces what the file says about its holder.
    package func describe(holder: String) {
        let text = Array(holder.utf8)
        ftruncate(descriptor, 0)
        _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
}
