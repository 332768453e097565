// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// The entries of a directory, without `.` and `..`, sorted by the bytes of their names.
package enum DirectoryListing {
    package enum Kind: Sendable {
        case regular, directory, link, other
    }

    package struct Entry: Sendable {
        package let name: FilePath.Component
        /// What the entry itself is: a link is not followed.
        package let kind: Kind
    }

    /// - Throws: `HostError` when the directory cannot be opened or read.
    package static func entries(of path: FilePath) throws(HostError) -> [Entry] {
        var stream = path.withPlatformString { opendir($0) }
        while stream == nil, errno == EMFILE, FileLimit.raise() {
            stream = path.withPlatformString { opendir($0) }
        }
        guard let stream else { throw .last("list", path) }
        return try entries(of: stream, path)
    }

    /// The entries of an open directory, which stays open.
    static func entries(of descriptor: Int32, _ path: FilePath) throws(HostError) -> [Entry] {
        // A stream takes its descriptor over, and `dup` would share its offset.
        let own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0, let stream = fdopendir(own) else {
            let error = HostError.last("list", path)
            if own >= 0 { close(own) }
            throw error
        }
        return try entries(of: stream, path)
    }

    private static func entries(of stream: OpaquePointer, _ path: FilePath) throws(HostError) -> [Entry] {
        defer { closedir(stream) }
        var entries: [(name: [UInt8], entry: Entry)] = []
        while true {
            errno = 0
            guard let pointer = readdir(stream) else {
                guard errno == 0 else { throw .last("list", path) }
                break
            }
            let (name, type) = nameAndType(pointer)
            guard name != [0x2E], name != [0x2E, 0x2E], let component = component(name) else { continue }
            let kind = kind(type) ?? lookUpKind(component, dirfd(stream))
            entries.append((name, Entry(name: component, kind: kind)))
        }
        entries.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return entries.map(\.entry)
    }

    private static func nameAndType(_ entry: UnsafeMutablePointer<dirent>) -> ([UInt8], UInt8) {
        let name = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
        let length = strlen(name.assumingMemoryBound(to: CChar.self))
        return (Array(UnsafeRawBufferPointer(start: name, count: length)), entry.pointee.d_type)
    }

    private static func component(_ name: [UInt8]) -> FilePath.Component? {
        (name + [0]).withUnsafeBytes {
            FilePath.Component(platformString: $0.bindMemory(to: CChar.self).baseAddress!)
        }
    }

    private static func kind(_ type: UInt8) -> Kind? {
        switch Int(type) {
        case Int(DT_REG): .regular
        case Int(DT_DIR): .directory
        case Int(DT_LNK): .link
        case Int(DT_UNKNOWN): nil
        default: .other
        }
    }

    private static func lookUpKind(_ name: FilePath.Component, _ directory: Int32) -> Kind {
        var status = stat()
        guard name.withPlatformString({ fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            return .other
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .regular
        case S_IFDIR: return .directory
        case S_IFLNK: return .link
        default: return .other
        }
    }
}
