// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import SystemPackage

/// A file that something is mounted on, such as a container's `/etc/hosts`: it cannot be replaced by another, so it gets
/// its new bytes in place. A reader may see some of both; there is no better way.
final class MountedFile {
    private let descriptor: Int32
    private let contents: [UInt8]
    private let wanted: FileAttributes
    private let displayPath: FilePath

    /// Opens the file and sees to it that there is room.
    init(
        _ name: FilePath.Component, in directory: StagingDirectory, contents: [UInt8],
        _ wanted: FileAttributes,
        displayPath: FilePath
    ) throws(HostError) {
        self.contents = contents
        self.wanted = wanted
        self.displayPath = displayPath
        let flags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        descriptor = name.withPlatformString { os_openat(directory.descriptor, $0, flags, 0) }
        guard descriptor >= 0 else { throw .last("rewrite", displayPath) }
        // Not every file system can set room aside; the one that cannot will say when it is full.
        guard os_set_room_aside(descriptor, contents.count) == 0 || errno != ENOSPC else {
            let error = HostError.last("rewrite", displayPath)
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    func rewrite(isDurable: Bool) throws(HostError) {
        try FileContents.write(contents, to: descriptor, "rewrite", displayPath)
        guard ftruncate(descriptor, contents.count) == 0 else { throw .last("rewrite", displayPath) }
        try TemporaryFile.setOwner(of: descriptor, wanted, displayPath: displayPath)
        if let mode = wanted.mode {
            var status = stat()
            let isSame = fstat(descriptor, &status) == 0 && status.st_mode & 0o7777 == mode
            guard isSame || fchmod(descriptor, mode) == 0 else {
                throw .last("set the mode of", displayPath)
            }
        }
        guard !isDurable || retrying({ fsync(descriptor) }) == 0 else {
            throw .last("synchronise", displayPath)
        }
    }
}
