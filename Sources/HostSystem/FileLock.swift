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

    /// Takes the lock, or gives nil when somebody else still has it after `patience`.
    ///
    /// - Parameter isInVain: whether nobody wants the lock any more.
    /// - Throws: `HostError` when the file cannot be opened; `CancellationError` while it waits.
    package static func take(
        _ path: FilePath, patience: Duration = .zero, unless isInVain: () -> Bool = { false }
    ) async throws -> FileLock? {
        let deadline = ContinuousClock.now + patience
        while true {
            if let lock = try attempt(path) { return lock }
            let rest = deadline - ContinuousClock.now
            guard rest > .zero, !isInVain() else { return nil }
            // The lock's end is no event that could be waited for without a thread that nothing can stop.
            try await Task.sleep(for: min(rest, pause))
        }
    }

    private static let pause = Duration.milliseconds(50)

    private static func attempt(_ path: FilePath) throws(HostError) -> FileLock? {
        let descriptor = path.withPlatformString { name in
            retrying { os_openat(AT_FDCWD, name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        }
        guard descriptor >= 0 else { throw .last("open the lock file", path) }
        // Whoever can read a file can lock it. One that was made otherwise is closed before it is tried.
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG { fchmod(descriptor, 0o600) }
        guard retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let error = HostError.last("lock", path)
            close(descriptor)
            guard isHeld else { throw error }
            return nil
        }
        guard isStill(descriptor, path) else {
            close(descriptor)
            return nil
        }
        return FileLock(path, descriptor)
    }

    /// Whether the locked file is the one that others find: it may have been removed while it was waited for.
    private static func isStill(_ descriptor: Int32, _ path: FilePath) -> Bool {
        var (own, found) = (stat(), stat())
        guard fstat(descriptor, &own) == 0, path.withPlatformString({ stat($0, &found) }) == 0 else {
            return false
        }
        return own.st_dev == found.st_dev && own.st_ino == found.st_ino
    }

    /// What the file says about who holds it; nil when it says nothing.
    package static func holder(of path: FilePath) -> String? {
        guard let bytes = try? FileContents.read(path) else { return nil }
        let line = bytes.prefix(200).prefix { $0 != 0x0A }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
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
