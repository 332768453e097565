// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import SystemPackage

/// Reading and writing whole files.
package enum FileContents {
    /// What an open file is, as far as its readers ask.
    package struct Status: Sendable {
        package let isRegular: Bool
        package let isDirectory: Bool
        package let mode: UInt32
        package let owner: UInt32
        package let size: Int
        /// Seconds since 1970.
        package let modified: Int

        init(_ status: stat) {
            isRegular = status.st_mode & S_IFMT == S_IFREG
            isDirectory = status.st_mode & S_IFMT == S_IFDIR
            mode = status.st_mode & 0o7777
            owner = status.st_uid
            size = Int(status.st_size)
            modified = status.st_mtim.tv_sec
        }
    }

    /// The bytes of the file at `path`, following links.
    package static func read(_ path: FilePath) throws(HostError) -> [UInt8] {
        try readWithStatus(path).bytes
    }

    /// The bytes of the file at `path` and what it is, from one opening.
    ///
    /// - Throws: `HostError`, `EISDIR` for a directory.
    package static func readWithStatus(_ path: FilePath) throws(HostError) -> (bytes: [UInt8], status: Status)
    {
        let descriptor = path.withPlatformString { name in
            retrying { os_openat(AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0) }
        }
        guard descriptor >= 0 else { throw .last("read", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("read", path) }
        return (try bytes(of: descriptor, size: Int(status.st_size), path), Status(status))
    }

    /// What tells a file from another one, and from itself after a change.
    package struct Version: Sendable, Equatable {
        private let device: UInt
        private let inode: UInt
        private let size: Int
        private let mode: UInt32
        private let changed: [Int]

        fileprivate init(_ status: stat) {
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
            size = Int(status.st_size)
            mode = status.st_mode
            changed = [
                status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
            ]
        }
    }

    /// The version of what is at `path`, following links; nil when nothing is.
    package static func version(_ path: FilePath) -> Version? {
        var status = stat()
        return path.withPlatformString { stat($0, &status) } == 0 ? Version(status) : nil
    }

    /// What is at `path`, following links; nil when nothing is.
    package static func status(_ path: FilePath) -> Status? {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else { return nil }
        return Status(status)
    }

    /// What is at `path`, following links; nil when nothing can be seen there, as `os.path.exists` of Python has it: no such
    /// file, no way to it, or too many links.
    ///
    /// - Throws: `HostError` when the system cannot tell.
    package static func existing(_ path: FilePath) throws(HostError) -> Status? {
        if let status = status(path) { return status }
        switch errno {
        case ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG: return nil
        default: throw .last("look at", path)
        }
    }

    /// `path` with all its links and dots resolved (realpath(3)); nil when it leads nowhere.
    package static func resolved(_ path: FilePath) -> FilePath? {
        guard let name = path.withPlatformString({ realpath($0, nil) }) else { return nil }
        defer { free(name) }
        return FilePath(platformString: name)
    }

    package static func isDirectory(_ path: FilePath) -> Bool { status(path)?.isDirectory ?? false }

    /// The program that a script's first line names (execve(2)); nil when it names none.
    package static func interpreter(of path: FilePath) -> FilePath? {
        let blanks: [UInt8] = [0x20, 0x09]
        guard let start = try? read(path).prefix(256).prefix(while: { $0 != 0x0A }),
            start.starts(with: Array("#!".utf8))
        else { return nil }
        let name = start.dropFirst(2).drop { blanks.contains($0) }.prefix { !blanks.contains($0) }
        return name.isEmpty ? nil : FilePath(String(decoding: name, as: UTF8.self))
    }

    /// Whether this process (by its real ids) may execute the file at `path`.
    package static func isExecutable(_ path: FilePath) -> Bool {
        path.withPlatformString { access($0, X_OK) } == 0
    }

    /// As `isExecutable`.
    ///
    /// - Throws: `HostError` when the system cannot tell.
    package static func mayExecute(_ path: FilePath) throws(HostError) -> Bool {
        if isExecutable(path) { return true }
        guard errno == EACCES || errno == ENOENT else { throw .last("look at", path) }
        return false
    }

    /// Removes the file or link at `path`, if there is one.
    package static func remove(_ path: FilePath) throws(HostError) {
        guard path.withPlatformString({ unlink($0) }) == 0 || errno == ENOENT || errno == ENOTDIR else {
            throw .last("remove", path)
        }
    }

    /// Makes the file at `path`, 0600, with `bytes`.
    ///
    /// - Throws: `HostError`, `EEXIST` when there is something.
    package static func create(_ path: FilePath, _ bytes: [UInt8]) throws(HostError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let file = path.withPlatformString { name in retrying { os_openat(AT_FDCWD, name, flags, 0o600) } }
        guard file >= 0 else { throw .last("make", path) }
        defer { close(file) }
        try write(bytes, to: file, "write", path)
    }

    /// Writes all of `bytes` where an open file stands.
    ///
    /// - Parameter operation: for the error: the words after "cannot".
    static func write(
        _ bytes: [UInt8], to descriptor: Int32, _ operation: String, _ path: FilePath
    ) throws(HostError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                retrying {
                    Glibc.write(descriptor, buffer.baseAddress! + written, buffer.count - written)
                }
            }
            guard count > 0 else { throw .last(operation, path) }
            written += count
        }
    }

    /// The bytes of an open file whose size is thought to be `size`.
    static func bytes(of descriptor: Int32, size: Int = 0, limit: Int = .max, _ path: FilePath)
        throws(HostError) -> [UInt8]
    {
        // One byte more than the file has: its end shows in the first read.
        var bytes = [UInt8](repeating: 0, count: size > 0 ? size + 1 : 4096)
        var count = 0
        while true {
            if count == bytes.count { bytes += [UInt8](repeating: 0, count: max(count, 4096)) }
            let read = bytes.withUnsafeMutableBytes { buffer in
                retrying { Glibc.read(descriptor, buffer.baseAddress! + count, buffer.count - count) }
            }
            guard read >= 0 else { throw .last("read", path) }
            count += read
            guard count <= limit else { throw HostError("read", path, .fileTooLarge) }
            // A read that gives less than was asked for has come to the end of a file whose size was known.
            if read == 0 || (size > 0 && count == size) { break }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
