// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Synchronization
import SystemPackage

/// A file that will take a target's place, held by a lock until it is released, renamed or removed.
final class TemporaryFile {
    private let directory: StagingDirectory
    private let name: FilePath.Component
    private var descriptor: Int32
    /// Mode and owners when it was complete.
    private var filled: FileAttributes?

    private static let prefix = ".os-config."
    private static let suffix = ".tmp"

    /// What sets the names of this process apart.
    private static let random = String(UInt64.random(in: .min ... .max), radix: 36)
    private static let made = Atomic<UInt64>(0)

    /// A name that nothing else has.
    static func newName() -> FilePath.Component {
        let number = made.wrappingAdd(1, ordering: .relaxed).newValue
        return FilePath.Component("\(prefix)\(random)-\(number)\(suffix)")!
    }

    /// `.os-config.RANDOM-NUMBER.tmp`
    static func isName(_ name: String) -> Bool {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return false }
        let parts = name.dropFirst(prefix.count).dropLast(suffix.count).split(
            separator: "-", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && UInt64(parts[0], radix: 36) != nil
            && UInt64(parts[1]) != nil
    }

    init(in directory: StagingDirectory, displayPath: FilePath) throws(HostError) {
        self.directory = directory
        // A name can be taken, or cleared by a neighbour between its making and its locking.
        for _ in 0..<100 {
            let name = Self.newName()
            let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let descriptor = name.withPlatformString { name in
                retrying { os_openat(directory.descriptor, name, flags, 0o600) }
            }
            if descriptor < 0, errno == EEXIST { continue }
            guard descriptor >= 0 else { throw .last("write", displayPath) }
            var status = stat()
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0,
                status.st_nlink == 1
            {
                self.name = name
                self.descriptor = descriptor
                return
            }
            close(descriptor)
        }
        throw HostError("write", displayPath, .resourceTemporarilyUnavailable)
    }

    deinit { release() }

    /// Its path, with all links resolved as they were when the directory was opened; without `/proc`, as it was given.
    var path: FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = readlink("/proc/self/fd/\(directory.descriptor)", &buffer, Int(PATH_MAX))
        return (length > 0 ? FilePath(platformString: buffer) : directory.path).appending(name)
    }

    /// Writes the contents, then owner, other attributes and mode, in the order in which none undoes another.
    func fill(
        _ contents: [UInt8], _ wanted: FileAttributes, attributesOf original: Int32?, label: FileLabel?,
        displayPath: FilePath
    ) throws(HostError) {
        try FileContents.write(contents, to: descriptor, "write", displayPath)
        try Self.setOwner(of: descriptor, wanted, displayPath: displayPath)
        if let original { try ExtendedAttributes.copy(from: original, to: descriptor, displayPath) }
        label?.apply(to: descriptor)
        guard fchmod(descriptor, wanted.mode ?? 0o644) == 0 else {
            throw .last("set the mode of", displayPath)
        }
        filled = try TargetStatus(of: descriptor, displayPath).attributes
    }

    /// Whether the file is still in its place, with these bytes and the mode and owners it was given.
    func holds(_ contents: [UInt8]) -> Bool {
        var status = stat()
        guard lseek(descriptor, 0, SEEK_SET) == 0, fstat(descriptor, &status) == 0, status.st_nlink == 1,
            TargetStatus(status).attributes == filled
        else { return false }
        return (try? FileContents.bytes(of: descriptor, size: contents.count, directory.path)) == contents
    }

    static func setOwner(of descriptor: Int32, _ wanted: FileAttributes, displayPath: FilePath)
        throws(HostError)
    {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("write", displayPath) }
        let owner = wanted.owner ?? status.st_uid
        let group = wanted.group ?? status.st_gid
        guard owner != status.st_uid || group != status.st_gid else { return }
        guard fchown(descriptor, owner, group) == 0 else { throw .last("set the owner of", displayPath) }
    }

    /// Lets go of the right to write: a program that is open for writing cannot be run.
    func reopenForReading(displayPath: FilePath) throws(HostError) {
        let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC
        let reader = name.withPlatformString { name in
            retrying { os_openat(directory.descriptor, name, flags, 0) }
        }
        guard reader >= 0 else { throw .last("read", displayPath) }
        var mine = stat()
        var found = stat()
        fstat(descriptor, &mine)
        // The lock passes from one opening to the other; a neighbour may clear the file in between.
        close(descriptor)
        descriptor = reader
        let isHeld = flock(reader, LOCK_EX | LOCK_NB) == 0
        guard isHeld, fstat(reader, &found) == 0, found.st_nlink == 1, found.st_ino == mine.st_ino else {
            throw HostError("hold", displayPath, .resourceTemporarilyUnavailable)
        }
    }

    func synchronise(displayPath: FilePath) throws(HostError) {
        guard descriptor >= 0 else { return }
        guard retrying({ fdatasync(descriptor) }) == 0 else { throw .last("synchronise", displayPath) }
    }

    func rename(to target: FilePath.Component, displayPath: FilePath) throws(HostError) {
        let result = name.withPlatformString { old in
            target.withPlatformString { new in
                renameat(directory.descriptor, old, directory.descriptor, new)
            }
        }
        guard result == 0 else { throw .last("write", displayPath) }
        release()
    }

    func remove() {
        guard descriptor >= 0 else {
            _ = name.withPlatformString { unlinkat(directory.descriptor, $0, 0) }
            return
        }
        // Once renamed, the file under this name is another's.
        var mine = stat()
        var found = stat()
        fstat(descriptor, &mine)
        let result = name.withPlatformString {
            fstatat(directory.descriptor, $0, &found, AT_SYMLINK_NOFOLLOW)
        }
        if result == 0, mine.st_ino == found.st_ino {
            _ = name.withPlatformString { unlinkat(directory.descriptor, $0, 0) }
        }
        release()
    }

    /// Gives up the lock and the descriptor; the file stays.
    func release() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }
}
