// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import SystemPackage

/// A directory that is the root of every path opened through it: neither `..` nor any link leads out.
///
/// Resolution is the kernel's own, `openat2(2)` with `RESOLVE_IN_ROOT`; where that call is missing or forbidden,
/// a walk component by component that resolves links itself.
package final class RootedDirectory: Sendable {
    package let path: FilePath
    let descriptor: Int32
    /// Those that opening it made, outermost first.
    private let madeDirectories: [FilePath]

    /// How directories that are missing are made.
    package enum Creation: Sendable {
        /// 0755, whatever the umask.
        case open
        /// 0777 less the umask.
        case byUmask
    }

    /// Opens `path`, making it and its parents first when `creating` says how.
    package init(_ path: FilePath, creating: Creation? = nil) throws(HostError) {
        self.path = path
        var made: [FilePath] = []
        if let creating { try Self.makeDirectories(path, creating, &made) }
        madeDirectories = made
        descriptor = path.withPlatformString { name in
            retrying { os_openat(AT_FDCWD, name, openPathOnly | O_DIRECTORY | O_CLOEXEC, 0) }
        }
        guard descriptor >= 0 else { throw .last("open", path) }
    }

    deinit { close(descriptor) }

    /// `relative` as a person would write it.
    package func displayPath(_ relative: FilePath) -> FilePath { path.appending(relative.components) }

    /// The bytes of the file at `relative`, or nil when there is none.
    package func read(_ relative: FilePath) throws(HostError) -> [UInt8]? {
        let file: Int32
        do throws(HostError) {
            file = try open(relative, O_RDONLY | O_NONBLOCK)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory: return nil
            default: throw error
            }
        }
        defer { close(file) }
        return try FileContents.bytes(of: file, displayPath(relative))
    }

    /// As `read`, without the kernel's help in resolving the path.
    package func readByWalking(_ relative: FilePath) throws(HostError) -> [UInt8] {
        let file = walk(relative, O_RDONLY | O_NONBLOCK)
        guard file >= 0 else { throw .last("open", displayPath(relative)) }
        defer { close(file) }
        return try FileContents.bytes(of: file, displayPath(relative))
    }

    /// Opens `relative` with `flags`; links are followed inside the root unless the flags say otherwise.
    func open(_ relative: FilePath, _ flags: Int32) throws(HostError) -> Int32 {
        let descriptor = resolve(relative, flags)
        guard descriptor >= 0 else { throw .last("open", displayPath(relative)) }
        return descriptor
    }

    private func resolve(_ relative: FilePath, _ flags: Int32) -> Int32 {
        let name = relative.isEmpty ? FilePath(".") : relative
        return name.withPlatformString { name in
            var result: Int32 = -1
            // EAGAIN: something was renamed meanwhile, and the kernel cannot tell whether we were led out.
            for _ in 0..<128 {
                result = os_openat2(
                    descriptor, name, flags | O_CLOEXEC, 0, os_resolve_in_root | os_resolve_no_magic_links)
                if result >= 0 { break }
                let isFull = errno == EMFILE && FileLimit.raise()
                if !isFull, errno != EAGAIN, errno != EINTR { break }
            }
            guard result < 0, errno == ENOSYS || errno == EPERM else { return result }
            return walk(relative, flags)
        }
    }

    /// Makes the missing directories of `path` on the host.
    private static func makeDirectories(
        _ path: FilePath, _ creation: Creation, _ made: inout [FilePath]
    ) throws(HostError) {
        guard !path.isEmpty, FileContents.status(path) == nil else { return }
        try makeDirectories(path.removingLastComponent(), creation, &made)
        if try makeDirectory(path, in: AT_FDCWD, displayPath: path, creation) { made.append(path) }
    }

    /// Removes again what opening it made, if it is empty.
    package func removeMadeDirectories() {
        for path in madeDirectories.reversed() { _ = path.withPlatformString { rmdir($0) } }
    }

    /// - Returns: whether it was made here; false: there was something by that name.
    @discardableResult
    static func makeDirectory(
        _ name: FilePath, in parent: Int32, displayPath: FilePath, _ creation: Creation = .open,
        label: FileLabel? = nil
    ) throws(HostError) -> Bool {
        let isAsWanted = creation == .byUmask
        // It gets its name when it is as it should be: no half-made directory stays behind a kill.
        let first = isAsWanted ? name : name.removingLastComponent().appending(TemporaryFile.newName())
        let mode: mode_t = creation == .open ? 0o755 : 0o777
        guard first.withPlatformString({ mkdirat(parent, $0, mode) }) == 0 else {
            guard errno == EEXIST else { throw .last("make the directory", displayPath) }
            return false
        }
        guard !isAsWanted else { return true }
        do throws(HostError) {
            try finish(first, in: parent, mode, label, displayPath)
            let result = first.withPlatformString { old in
                name.withPlatformString { new in os_rename_new(parent, old, new) }
            }
            guard result != 0 else { return true }
            guard errno == EEXIST else { throw HostError.last("make the directory", displayPath) }
            _ = first.withPlatformString { unlinkat(parent, $0, AT_REMOVEDIR) }
            return false
        } catch {
            _ = first.withPlatformString { unlinkat(parent, $0, AT_REMOVEDIR) }
            throw error
        }
    }

    private static func finish(
        _ name: FilePath, in parent: Int32, _ mode: mode_t, _ label: FileLabel?, _ displayPath: FilePath
    ) throws(HostError) {
        // By its descriptor: by its name, a link put there meanwhile would be followed.
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let made = name.withPlatformString { name in retrying { os_openat(parent, name, flags, 0) } }
        guard made >= 0 else { throw .last("set the mode of", displayPath) }
        defer { close(made) }
        guard fchmod(made, mode) == 0 else { throw .last("set the mode of", displayPath) }
        label?.apply(to: made)
    }
}

// MARK: - Without openat2

extension RootedDirectory {
    private static let linkLimit = 40

    /// Opens `relative` by its components, resolving links inside the root.
    func walk(_ relative: FilePath, _ flags: Int32) -> Int32 {
        var pending = Array(relative.components.reversed())
        // The directories from the root to where the walk is: `..` goes back along them.
        var trail: [Int32] = []
        defer { for each in trail { close(each) } }
        var links = 0
        while let component = pending.popLast() {
            let here = trail.last ?? descriptor
            switch component.kind {
            case .currentDirectory: continue
            case .parentDirectory:
                if let left = trail.popLast() { close(left) }
                continue
            case .regular: break
            }
            if let target = Self.linkTarget(component, in: here),
                !(pending.isEmpty && flags & O_NOFOLLOW != 0)
            {
                links += 1
                guard links <= Self.linkLimit else {
                    errno = ELOOP
                    return -1
                }
                if target.isAbsolute {
                    for each in trail { close(each) }
                    trail.removeAll()
                }
                pending.append(contentsOf: target.components.reversed())
                continue
            }
            let opening = pending.isEmpty ? flags | O_NOFOLLOW : openPathOnly | O_DIRECTORY | O_NOFOLLOW
            let next = component.withPlatformString { os_openat(here, $0, opening | O_CLOEXEC, 0) }
            guard next >= 0, !pending.isEmpty else { return next }
            trail.append(next)
        }
        return os_openat(trail.last ?? descriptor, ".", flags | O_CLOEXEC, 0)
    }

    private static func linkTarget(_ name: FilePath.Component, in directory: Int32) -> FilePath? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = name.withPlatformString { readlinkat(directory, $0, &buffer, Int(PATH_MAX)) }
        guard length > 0 else { return nil }
        return FilePath(platformString: buffer)
    }
}
