// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// The one way to write files: a set of them is staged whole beside their targets, then renamed into place.
///
/// Until `commit` nothing that a reader could open has changed; a failure before it, or a value that goes without it,
/// leaves no trace. A target that already has the right bytes, mode and owner is not touched.
///
/// Temporary files are named `.os-config.*.tmp` and held by a lock while they are in use; what a killed run left
/// behind is not held, and is cleared by the next one that writes in its directory.
package final class StagedWrite {
    /// What a file is to have; what is nil stays as the target has it (a new file: 0644, the caller's ids).
    package struct Attributes: Sendable {
        package var mode: UInt32?
        package var owner: UInt32?
        package var group: UInt32?

        package init(mode: UInt32? = nil, owner: UInt32? = nil, group: UInt32? = nil) {
            self.mode = mode
            self.owner = owner
            self.group = group
        }
    }

    /// What committing makes of one path.
    package enum Change: Sendable, Equatable {
        case write, keep, remove, stayAbsent
    }

    private let root: RootedDirectory
    private var directories: [FilePath: StagingDirectory] = [:]
    private var madeDirectories: [(parent: StagingDirectory, name: FilePath.Component)] = []
    private var operations: [Operation] = []
    /// The paths of the operations.
    private var staged: Set<FilePath> = []

    private struct Operation {
        let path: FilePath
        let name: FilePath.Component
        let directory: StagingDirectory
        /// Nil where the target is to be removed.
        let temporary: TemporaryFile?
    }

    package init(in root: RootedDirectory) {
        self.root = root
    }

    deinit { abandon() }

    // MARK: Staging

    /// Stages `contents` for `path` under the root, making the directories it needs (0755, whatever the umask).
    ///
    /// A link at `path` is replaced by a file with the mode and owner of what it leads to; a FIFO or socket by a file
    /// with its own.
    ///
    /// - Throws: `HostError`; what was staged before stays staged.
    package func stage(_ path: FilePath, _ contents: [UInt8], _ attributes: Attributes) throws(HostError)
        -> Change
    {
        let (directory, name) = try place(of: path)
        forget(path)
        let target = directory.status(of: name)
        if let target, target.isDirectory { throw HostError("replace", root.displayPath(path), .isDirectory) }
        let model = target.map { $0.isLink ? linkedStatus(path) : $0 } ?? nil

        let wanted = TemporaryFile.Wanted(
            mode: attributes.mode ?? model?.mode ?? 0o644,
            owner: attributes.owner ?? model?.owner, group: attributes.group ?? model?.group)
        if let target, target.isRegular, target.matches(wanted, size: contents.count),
            directory.holds(contents, in: name)
        {
            return .keep
        }
        let temporary = try makeTemporary(in: directory, for: path)
        operations.append(Operation(path: path, name: name, directory: directory, temporary: temporary))
        let original = target?.isRegular == true ? directory.openToRead(name) : nil
        defer { if let original { close(original) } }
        try temporary.fill(contents, wanted, attributesOf: original, displayPath: root.displayPath(path))
        return .write
    }

    /// Stages the removal of `path`: of the file or link itself, where following it leads to something.
    package func stageRemoval(_ path: FilePath) throws(HostError) -> Change {
        guard let existing = linkedStatus(path) else { return .stayAbsent }
        let (directory, name) = try place(of: path)
        if existing.isDirectory, directory.status(of: name)?.isDirectory == true {
            throw HostError("delete", root.displayPath(path), .isDirectory)
        }
        forget(path)
        operations.append(Operation(path: path, name: name, directory: directory, temporary: nil))
        return .remove
    }

    /// Drops what was staged for `path` before: the last one counts.
    private func forget(_ path: FilePath) {
        guard staged.contains(path), let place = operations.firstIndex(where: { $0.path == path }) else {
            staged.insert(path)
            return
        }
        operations.remove(at: place).temporary?.remove()
    }

    private func linkedStatus(_ path: FilePath) -> TargetStatus? {
        guard let descriptor = try? root.open(path, openPathOnly) else { return nil }
        defer { close(descriptor) }
        return TargetStatus(of: descriptor)
    }

    private func makeTemporary(in directory: StagingDirectory, for path: FilePath) throws(HostError)
        -> TemporaryFile
    {
        do {
            return try TemporaryFile(in: directory, displayPath: root.displayPath(path))
        } catch  where error.errno == .tooManyOpenFiles {
            guard !FileLimit.raise() else {
                return try TemporaryFile(in: directory, displayPath: root.displayPath(path))
            }
            // Better a temporary that a neighbour could clear than no way to write a large tree at all.
            for operation in operations.prefix(operations.count / 2 + 1) { operation.temporary?.release() }
            return try TemporaryFile(in: directory, displayPath: root.displayPath(path))
        }
    }

    // MARK: Directories

    private func place(of path: FilePath) throws(HostError) -> (StagingDirectory, FilePath.Component) {
        guard let name = path.lastComponent, name.kind == .regular else {
            throw HostError("write", root.displayPath(path), .invalidArgument)
        }
        return (try directory(path.removingLastComponent()), name)
    }

    private func directory(_ path: FilePath) throws(HostError) -> StagingDirectory {
        if let known = directories[path] { return known }
        let opened: StagingDirectory
        do {
            opened = try StagingDirectory(root, path)
        } catch  where error.errno == .noSuchFileOrDirectory && !path.isEmpty {
            let parent = try directory(path.removingLastComponent())
            guard let name = path.lastComponent else { throw error }
            try RootedDirectory.makeDirectory(
                FilePath(root: nil, [name]), in: parent.descriptor, displayPath: root.displayPath(path))
            madeDirectories.append((parent, name))
            opened = try StagingDirectory(root, path)
        }
        opened.clearAbandonedTemporaries()
        directories[path] = opened
        return opened
    }

    // MARK: Committing

    private static let fewFiles = 16

    /// Makes what was staged durable and puts it in place, in the order of staging.
    ///
    /// - Parameter progress: told of each path when it is about to change.
    /// - Throws: `HostError`. What was renamed before stays; every file is whole, old or new.
    package func commit(_ progress: (FilePath, Change) -> Void = { _, _ in }) throws(HostError) {
        guard !operations.isEmpty else { return abandon() }
        try makeContentsDurable()
        for operation in operations {
            progress(operation.path, operation.temporary == nil ? .remove : .write)
            try carryOut(operation)
        }
        let touched = operations.map(\.directory)
        operations.removeAll()
        madeDirectories.removeAll()
        try makeNamesDurable(touched)
    }

    private func carryOut(_ operation: Operation) throws(HostError) {
        let path = root.displayPath(operation.path)
        guard let temporary = operation.temporary else {
            let result = operation.name.withPlatformString { unlinkat(operation.directory.descriptor, $0, 0) }
            guard result == 0 || errno == ENOENT else { throw .last("delete", path) }
            return
        }
        try temporary.rename(to: operation.name, displayPath: path)
    }

    private func makeContentsDurable() throws(HostError) {
        let temporaries = operations.compactMap(\.temporary)
        guard temporaries.count > Self.fewFiles else {
            for operation in operations {
                try operation.temporary?.synchronise(displayPath: root.displayPath(operation.path))
            }
            return
        }
        try synchroniseFileSystems(operations.map(\.directory))
    }

    private func makeNamesDurable(_ touched: [StagingDirectory]) throws(HostError) {
        let unique = Dictionary(touched.map { (ObjectIdentifier($0), $0) }) { first, _ in first }.values
        guard unique.count > Self.fewFiles else {
            for directory in unique { try directory.synchronise() }
            return
        }
        try synchroniseFileSystems(Array(unique))
    }

    private func synchroniseFileSystems(_ directories: [StagingDirectory]) throws(HostError) {
        let oneEach = Dictionary(directories.map { ($0.device, $0) }) { first, _ in first }.values
        for directory in oneEach { try directory.synchroniseFileSystem() }
    }

    /// Removes the temporaries and the directories made for them.
    private func abandon() {
        for operation in operations { operation.temporary?.remove() }
        operations.removeAll()
        for (parent, name) in madeDirectories.reversed() {
            _ = name.withPlatformString { unlinkat(parent.descriptor, $0, AT_REMOVEDIR) }
        }
        madeDirectories.removeAll()
    }
}
