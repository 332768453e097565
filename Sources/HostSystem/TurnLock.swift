// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The turn of one run to change the files under a root; others wait.
///
/// It is a lock file (`flock(2)`) under the root itself, 0600 so that nobody else can hold it, and there only while a
/// turn lasts: an image that is being built keeps nothing of it.
package final class TurnLock: Sendable {
    private static let name = ".os-config.lock"
    /// The root itself wherever it can be written: every run has to choose the same place.
    private static let directories: [FilePath] = [".", "run"]

    private let directory: Int32
    private let descriptor: Int32
    private let hasRemovedFile = Mutex(false)

    /// Whether somebody else had the turn before: what was read until then may be out of date.
    package let hasWaited: Bool

    private static let pause = Duration.milliseconds(20)

    /// Waits for the turn under `root`.
    ///
    /// - Parameter waiting: called when somebody else has it.
    /// - Returns: nil when there is no place for a lock, for want of permission or on a read-only file system.
    /// - Throws: `CancellationError`; `HostError` with `ENOENT` when the root was removed meanwhile.
    package static func take(in root: RootedDirectory, waiting: () -> Void) async throws -> TurnLock? {
        for path in directories {
            guard let directory = try? root.open(path, openPathOnly | O_DIRECTORY) else { continue }
            var hasWaited = false
            while true {
                switch attempt(in: directory) {
                case .held(let descriptor): return TurnLock(directory, descriptor, hasWaited: hasWaited)
                case .unavailable: break
                case .gone:
                    close(directory)
                    throw HostError("find", root.path, .noSuchFileOrDirectory)
                case .taken:
                    if !hasWaited { waiting() }
                    hasWaited = true
                    do {
                        try await Task.sleep(for: pause)
                    } catch {
                        close(directory)
                        throw error
                    }
                    continue
                }
                break
            }
            close(directory)
        }
        return nil
    }

    /// Whether there is a lock file: of a run that has its turn, or of one that was killed in it.
    package static func isPresent(in root: RootedDirectory) -> Bool {
        directories.contains { path in
            guard let directory = try? root.open(path, openPathOnly | O_DIRECTORY) else { return false }
            defer { close(directory) }
            var status = stat()
            return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0
        }
    }

    private init(_ directory: Int32, _ descriptor: Int32, hasWaited: Bool) {
        self.hasWaited = hasWaited
        self.directory = directory
        self.descriptor = descriptor
    }

    /// Removes the lock file while the lock is still held, so that the directory it is in can go.
    package func removeFile() {
        let isRemoved = hasRemovedFile.withLock { isRemoved in
            defer { isRemoved = true }
            return isRemoved
        }
        if !isRemoved { unlinkat(directory, Self.name, 0) }
    }

    deinit {
        removeFile()
        close(descriptor)
        close(directory)
    }

    private enum Attempt {
        case held(Int32)
        case taken
        /// The file cannot be made or opened, or is not ours: anybody could hold it.
        case unavailable
        /// The directory was removed.
        case gone
    }

    private static func attempt(in directory: Int32) -> Attempt {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let file = retrying { os_openat(directory, name, flags, 0o600) }
        guard file >= 0 else { return errno == ENOENT ? .gone : .unavailable }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_uid == geteuid() else {
            close(file)
            return .unavailable
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            close(file)
            return isTaken ? .taken : .unavailable
        }
        if isInPlace(file, directory) { return .held(file) }
        // Whoever had the turn removed the file on leaving: this is a lock on nothing.
        close(file)
        return .taken
    }

    private static func isInPlace(_ file: Int32, _ directory: Int32) -> Bool {
        var held = stat()
        var found = stat()
        return fstat(file, &held) == 0 && fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0
            && held.st_ino == found.st_ino && held.st_dev == found.st_dev
    }
}
