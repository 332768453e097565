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

    /// Whether somebody else had the turn before: what was read until then may be out of date.
    package let hasWaited: Bool

    private static let pause = Duration.milliseconds(20)

    /// Waits for the turn under `root`.
    ///
    /// - Parameter waiting: called when somebody else has it.
    /// - Returns: nil when there is no place for a lock, for want of permission or on a read-only file system.
    /// - Throws: `CancellationError`.
    package static func take(in root: RootedDirectory, waiting: () -> Void) async throws -> TurnLock? {
        for path in directories {
            guard let directory = try? root.open(path, openPathOnly | O_DIRECTORY) else { continue }
            var hasWaited = false
            while true {
                switch attempt(in: directory) {
                case .held(let descriptor): return TurnLock(directory, descriptor, hasWaited: hasWaited)
                case .unavailable: break
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

    private init(_ directory: Int32, _ descriptor: Int32, hasWaited: Bool) {
        self.hasWaited = hasWaited
        self.directory = directory
        self.descriptor = descriptor
    }

    deinit {
        unlinkat(directory, Self.name, 0)
        close(descriptor)
        close(directory)
    }

    private enum Attempt {
        case held(Int32)
        case taken
        /// The file cannot be made or opened.
        case unavailable
    }

    private static func attempt(in directory: Int32) -> Attempt {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let file = retrying { os_openat(directory, name, flags, 0o600) }
        guard file >= 0 else { return .unavailable }
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
