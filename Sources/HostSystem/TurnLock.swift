// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import SystemPackage

/// The turn of one run to change the files under a root; others wait.
///
/// It is a lock file (`flock(2)`) under the root itself, 0600 so that nobody else can hold it, and there only while a
/// turn lasts: an image that is being built keeps nothing of it.
package final class TurnLock: Sendable {
    private static let name = ".os-config.lock"
    private static let directories: [FilePath] = ["run", "."]

    private let directory: Int32
    private let descriptor: Int32

    /// Waits for the turn under `root`.
    ///
    /// - Parameter waiting: called when somebody else has it.
    /// - Returns: nil when there is no place for a lock, for want of permission or on a read-only file system.
    package static func take(in root: RootedDirectory, waiting: () -> Void) -> TurnLock? {
        for path in directories {
            guard let directory = try? root.open(path, openPathOnly | O_DIRECTORY) else { continue }
            if let descriptor = lock(in: directory, waiting) { return TurnLock(directory, descriptor) }
            close(directory)
        }
        return nil
    }

    /// Removes the lock file of a run that was killed.
    package static func clearAbandoned(in root: RootedDirectory) {
        for path in directories {
            guard let directory = try? root.open(path, openPathOnly | O_DIRECTORY) else { continue }
            defer { close(directory) }
            let file = os_openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0)
            guard file >= 0 else { continue }
            if flock(file, LOCK_EX | LOCK_NB) == 0, isInPlace(file, directory) {
                unlinkat(directory, name, 0)
            }
            close(file)
        }
    }

    private init(_ directory: Int32, _ descriptor: Int32) {
        self.directory = directory
        self.descriptor = descriptor
    }

    deinit {
        unlinkat(directory, Self.name, 0)
        close(descriptor)
        close(directory)
    }

    /// The locked file; nil when it cannot be made or opened.
    private static func lock(in directory: Int32, _ waiting: () -> Void) -> Int32? {
        var hasWaited = false
        while true {
            let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            let file = retrying { os_openat(directory, name, flags, 0o600) }
            guard file >= 0 else { return nil }
            if flock(file, LOCK_EX | LOCK_NB) != 0 {
                if !hasWaited { waiting() }
                hasWaited = true
                guard retrying({ flock(file, LOCK_EX) }) == 0 else {
                    close(file)
                    return nil
                }
            }
            if isInPlace(file, directory) { return file }
            // Whoever had the turn removed the file on leaving: this is a lock on nothing.
            close(file)
        }
    }

    private static func isInPlace(_ file: Int32, _ directory: Int32) -> Bool {
        var held = stat()
        var found = stat()
        return fstat(file, &held) == 0 && fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0
            && held.st_ino == found.st_ino && held.st_dev == found.st_dev
    }
}
