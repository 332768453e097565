// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import SystemPackage

/// Opening for the path alone: neither reading nor waiting for a FIFO.
let openPathOnly = os_o_path

/// What stands at a target's path.
struct TargetStatus {
    let isRegular: Bool
    let isDirectory: Bool
    let isLink: Bool
    let mode: UInt32
    let owner: UInt32
    let group: UInt32
    let size: Int

    init(_ status: stat) {
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
        isLink = status.st_mode & S_IFMT == S_IFLNK
        mode = status.st_mode & 0o7777
        owner = status.st_uid
        group = status.st_gid
        size = Int(status.st_size)
    }

    init(of descriptor: Int32, _ path: FilePath) throws(HostError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("look at", path) }
        self.init(status)
    }

    var attributes: FileAttributes { FileAttributes(mode: mode, owner: owner, group: group) }

    func matches(_ wanted: FileAttributes, size: Int) -> Bool {
        self.size == size && mode == wanted.mode && owner == wanted.owner ?? owner
            && group == wanted.group ?? group
    }
}

/// An open directory that files are staged in.
final class StagingDirectory {
    let path: FilePath
    let descriptor: Int32
    let device: UInt
    /// Whether the directory could be opened for reading; without that it can be neither listed nor synchronised.
    private let isReadable: Bool

    init(_ root: RootedDirectory, _ path: FilePath) throws(HostError) {
        self.path = root.displayPath(path)
        if let descriptor = try? root.open(path, O_RDONLY | O_DIRECTORY) {
            self.descriptor = descriptor
            isReadable = true
        } else {
            descriptor = try root.open(path, openPathOnly | O_DIRECTORY)
            isReadable = false
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = HostError.last("look at", self.path)
            close(descriptor)
            throw error
        }
        device = status.st_dev
    }

    deinit { close(descriptor) }

    /// What is at `name`, a link not followed; nil when there is nothing.
    func status(of name: FilePath.Component) throws(HostError) -> TargetStatus? {
        var status = stat()
        let result = name.withPlatformString { fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }
        guard result != 0 else { return TargetStatus(status) }
        guard errno == ENOENT else { throw .last("look at", path.appending(name)) }
        return nil
    }

    func isMountPoint(_ name: FilePath.Component) -> Bool {
        name.withPlatformString { os_is_mount_point(descriptor, $0) != 0 }
    }

    /// The file `name`, opened for what of it has to be kept; nil when we may not read it.
    func openOriginal(_ name: FilePath.Component) throws(HostError) -> Int32? {
        if let file = openToRead(name) { return file }
        guard errno == EACCES || errno == EPERM else { throw .last("read", path.appending(name)) }
        return nil
    }

    func openToRead(_ name: FilePath.Component) -> Int32? {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let file = name.withPlatformString { name in retrying { os_openat(descriptor, name, flags, 0) } }
        return file >= 0 ? file : nil
    }

    /// Whether the regular file `name`, of the same size, has these bytes.
    func holds(_ contents: [UInt8], in name: FilePath.Component) throws(HostError) -> Bool {
        guard let file = try openOriginal(name) else { return false }
        defer { close(file) }
        return try FileContents.bytes(of: file, size: contents.count, path) == contents
    }

    /// Whether runs, living or killed, have temporaries here.
    var hasTemporaries: Bool {
        get throws(HostError) {
            guard isReadable else { return false }
            return try DirectoryListing.entries(of: descriptor, path).contains { entry in
                TemporaryFile.isName(entry.name.string)
            }
        }
    }

    /// Removes temporaries that no living run holds: our own plain files with names as only we give them.
    func clearAbandonedTemporaries() {
        guard isReadable, let entries = try? DirectoryListing.entries(of: descriptor, path) else { return }
        for entry in entries where TemporaryFile.isName(entry.name.string) {
            if entry.kind == .directory {
                // Only one that is empty goes: nothing is ever put into it under this name.
                _ = entry.name.withPlatformString { unlinkat(descriptor, $0, AT_REMOVEDIR) }
                continue
            }
            guard let file = openToRead(entry.name) else { continue }
            var status = stat()
            let isOurs =
                fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 1
            if isOurs, flock(file, LOCK_EX | LOCK_NB) == 0 {
                _ = entry.name.withPlatformString { unlinkat(descriptor, $0, 0) }
            }
            close(file)
        }
    }

    func synchronise() throws(HostError) {
        guard isReadable else { return }
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .last("synchronise", path) }
    }

    func synchroniseFileSystem() throws(HostError) {
        guard isReadable else { return }
        guard os_syncfs(descriptor) == 0 else { throw .last("synchronise the file system of", path) }
    }
}
