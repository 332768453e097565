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
    private let root: RootedDirectory
    private let isDurable: Bool
    private let targets: TargetReader
    private var madeDirectories: [(parent: StagingDirectory, name: FilePath.Component)] = []
    private var operations: [Operation] = []
    /// The paths of the operations.
    private var staged: Set<FilePath> = []

    private struct Operation {
        enum Work {
            case replace(TemporaryFile)
            case remove
            /// What is mounted cannot be replaced. With the copy of it that a check was given.
            case rewrite(MountedFile, copy: TemporaryFile?)

            static let ranks = 0...2

            /// What comes first.
            var rank: Int {
                switch self {
                case .replace: 0
                case .remove: 1
                case .rewrite: 2
                }
            }

            var change: TargetPlan.Change { if case .remove = self { .remove } else { .write } }
        }

        let path: FilePath
        let name: FilePath.Component
        let directory: StagingDirectory
        let work: Work
        var isChecked = false

        var temporary: TemporaryFile? {
            switch work {
            case .replace(let temporary): temporary
            case .rewrite(_, let copy): copy
            case .remove: nil
            }
        }
    }

    /// Whether a file of this name is a temporary one, in use or left behind.
    package static func isTemporary(_ name: String) -> Bool { TemporaryFile.isName(name) }

    /// - Parameter isDurable: whether committing waits until a power cut can take nothing back.
    package init(in root: RootedDirectory, isDurable: Bool = true) {
        self.root = root
        self.isDurable = isDurable
        targets = TargetReader(root, clearsAbandoned: true)
    }

    deinit { abandon() }

    // MARK: Staging

    /// Stages `contents` for `path` under the root, making the directories it needs (0755, whatever the umask).
    ///
    /// A link at `path` is replaced by a file with the mode and owner of what it leads to; a FIFO or socket by a file
    /// with its own.
    ///
    /// - Parameter isChecked: whether `stagedPath` will be asked for.
    /// - Throws: `HostError`; what was staged before stays staged.
    @discardableResult
    package func stage(
        _ path: FilePath, _ contents: [UInt8], _ attributes: FileAttributes = FileAttributes(),
        isChecked: Bool = false
    ) throws(HostError) -> TargetPlan {
        let name = try TargetReader.name(of: path)
        let directory = try directory(path.removingLastComponent())
        forget(path)
        let plan = try targets.plan(path, contents, attributes)
        guard plan.change == .write else { return plan }
        let work: Operation.Work
        if plan.isMountPoint {
            let file = try MountedFile(
                name, in: directory, contents: contents, plan.wanted, displayPath: root.displayPath(path))
            let copy =
                isChecked ? try filledTemporary(path, contents, plan, in: directory, isChecked: true) : nil
            work = .rewrite(file, copy: copy)
        } else {
            work = .replace(
                try filledTemporary(path, contents, plan, in: directory, isChecked: isChecked))
        }
        operations.append(
            Operation(path: path, name: name, directory: directory, work: work, isChecked: isChecked))
        return plan
    }

    private func filledTemporary(
        _ path: FilePath, _ contents: [UInt8], _ plan: TargetPlan, in directory: StagingDirectory,
        isChecked: Bool
    ) throws(HostError) -> TemporaryFile {
        let isFile = plan.present == .file
        let original = isFile ? try directory.openOriginal(TargetReader.name(of: path)) : nil
        defer { if let original { close(original) } }
        let temporary = try makeTemporary(in: directory, for: path)
        do {
            try temporary.fill(
                contents, plan.wanted, attributesOf: original,
                label: isFile ? nil : FileLabel.wanted(at: path), displayPath: root.displayPath(path))
            if isChecked { try temporary.reopenForReading(displayPath: root.displayPath(path)) }
        } catch {
            temporary.remove()
            throw error
        }
        return temporary
    }

    /// Stages the removal of `path`: of the file or link itself, where following it leads to something.
    @discardableResult
    package func stageRemoval(_ path: FilePath) throws(HostError) -> TargetPlan {
        let plan = try targets.planRemoval(path)
        guard plan.change == .remove else { return plan }
        let name = try TargetReader.name(of: path)
        let directory = try directory(path.removingLastComponent())
        forget(path)
        var work = Operation.Work.remove
        if plan.isMountPoint {
            let file = try MountedFile(
                name, in: directory, contents: [], plan.wanted, displayPath: root.displayPath(path))
            work = .rewrite(file, copy: nil)
        }
        operations.append(Operation(path: path, name: name, directory: directory, work: work))
        return plan
    }

    /// Where what was staged for `path` lies until it is committed, its links resolved; nil when nothing was.
    package func stagedPath(of path: FilePath) -> FilePath? {
        operations.last { $0.path == path }?.temporary?.path
    }

    /// Whether what was staged for `path` is still in its place and as it was.
    package func isIntact(_ path: FilePath, _ contents: [UInt8]) -> Bool {
        guard let temporary = operations.last(where: { $0.path == path })?.temporary else { return false }
        return temporary.holds(contents)
    }

    /// Drops what was staged for `path` before: the last one counts.
    private func forget(_ path: FilePath) {
        guard staged.contains(path), let place = operations.firstIndex(where: { $0.path == path }) else {
            staged.insert(path)
            return
        }
        operations.remove(at: place).temporary?.remove()
    }

    private func makeTemporary(in directory: StagingDirectory, for path: FilePath) throws(HostError)
        -> TemporaryFile
    {
        do {
            return try TemporaryFile(in: directory, displayPath: root.displayPath(path))
        } catch  where error.errno == .tooManyOpenFiles {
            // Better temporaries that a neighbour could clear than no way to write a large tree at all.
            for operation in operations where !operation.isChecked { operation.temporary?.release() }
            return try TemporaryFile(in: directory, displayPath: root.displayPath(path))
        }
    }

    private func directory(_ path: FilePath) throws(HostError) -> StagingDirectory {
        if let known = try targets.directory(path) { return known }
        let parent = try directory(path.removingLastComponent())
        guard let name = path.lastComponent else {
            throw HostError("open", root.displayPath(path), .noSuchFileOrDirectory)
        }
        let isMade = try RootedDirectory.makeDirectory(
            FilePath(root: nil, [name]), in: parent.descriptor, displayPath: root.displayPath(path),
            label: FileLabel.wanted(at: path, isDirectory: true))
        if isMade { madeDirectories.append((parent, name)) }
        let made = try StagingDirectory(root, path)
        targets.remember(made, at: path)
        return made
    }

    // MARK: Committing

    private static let fewFiles = 16

    /// Makes what was staged durable and puts it in place: first what is renamed, in the order of staging, then what is
    /// removed, then what is mounted. Until the first rename succeeds nothing has changed.
    ///
    /// - Parameter progress: told of each path when it is about to change.
    /// - Throws: `HostError`. What was renamed before stays; every file is whole, old or new.
    package func commit(_ progress: (FilePath, TargetPlan.Change) -> Void = { _, _ in }) throws(HostError) {
        guard !operations.isEmpty else { return abandon() }
        if isDurable { try makeContentsDurable() }
        for rank in Operation.Work.ranks {
            for operation in operations where operation.work.rank == rank {
                progress(operation.path, operation.work.change)
                try carryOut(operation)
            }
        }
        let touched = operations.map(\.directory) + madeDirectories.map(\.parent)
        operations.removeAll()
        madeDirectories.removeAll()
        if isDurable { try makeNamesDurable(touched) }
    }

    private func carryOut(_ operation: Operation) throws(HostError) {
        let path = root.displayPath(operation.path)
        switch operation.work {
        case .replace(let temporary): try temporary.rename(to: operation.name, displayPath: path)
        case .rewrite(let file, let copy):
            try file.rewrite(isDurable: isDurable)
            copy?.remove()
        case .remove:
            let result = operation.name.withPlatformString { unlinkat(operation.directory.descriptor, $0, 0) }
            guard result == 0 || errno == ENOENT else { throw .last("delete", path) }
        }
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
