// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// Compares what is to be written under a root with what stands there, and writes nothing.
package final class TargetReader {
    let root: RootedDirectory?
    private let clearsAbandoned: Bool
    /// Nil for a directory that is not there.
    private var directories: [FilePath: StagingDirectory?] = [:]

    /// - Parameters:
    ///   - root: nil when it does not exist: then nothing does.
    ///   - clearsAbandoned: whether to remove temporaries that killed runs left in the directories looked at.
    package init(_ root: RootedDirectory?, clearsAbandoned: Bool = false) {
        self.root = root
        self.clearsAbandoned = clearsAbandoned
    }

    /// What writing `contents` to `path` changes.
    ///
    /// - Throws: `HostError` when the path is a directory's, or leads through what is no directory.
    package func plan(_ path: FilePath, _ contents: [UInt8], _ attributes: FileAttributes) throws(HostError)
        -> TargetPlan
    {
        let name = try Self.name(of: path)
        guard let directory = try directory(path.removingLastComponent()) else {
            return TargetPlan(
                change: .write, present: .nothing, current: nil,
                wanted: Self.wanted(attributes, model: nil),
                isMountPoint: false)
        }
        let target = try directory.status(of: name)
        if let target, target.isDirectory { throw HostError("replace", display(path), .isDirectory) }
        let model = target?.isLink == true ? try linkedStatus(path) : target
        let wanted = Self.wanted(attributes, model: model)
        let mayBeSame =
            target.map { $0.isRegular && $0.matches(wanted, size: contents.count) } ?? false
        var isSame = false
        if mayBeSame { isSame = try directory.holds(contents, in: name) }
        return TargetPlan(
            change: isSame ? .keep : .write, present: Self.present(target), current: model?.attributes,
            wanted: wanted, isMountPoint: !isSame && target != nil && directory.isMountPoint(name))
    }

    /// What removing `path` changes: the file or link itself goes, where following it leads to something.
    package func planRemoval(_ path: FilePath) throws(HostError) -> TargetPlan {
        let name = try Self.name(of: path)
        guard let existing = try linkedStatus(path),
            let directory = try directory(path.removingLastComponent())
        else {
            return TargetPlan(
                change: .stayAbsent, present: .nothing, current: nil, wanted: FileAttributes(),
                isMountPoint: false)
        }
        let target = try directory.status(of: name)
        if existing.isDirectory, target?.isDirectory == true {
            throw HostError("delete", display(path), .isDirectory)
        }
        let isMountPoint = directory.isMountPoint(name)
        return TargetPlan(
            // What is mounted is emptied instead, once.
            change: isMountPoint && existing.size == 0 ? .keep : .remove, present: Self.present(target),
            current: existing.attributes,
            wanted: FileAttributes(), isMountPoint: isMountPoint)
    }

    /// The bytes of the regular file at `path`, a link followed under the root; none when there is no such file.
    ///
    /// - Throws: `HostError` when it cannot be read.
    package func contents(of path: FilePath) throws(HostError) -> [UInt8] {
        guard let root, try linkedStatus(path)?.isRegular == true else { return [] }
        return try root.read(path) ?? []
    }

    /// Whether runs, living or killed, have temporaries in the directories looked at.
    package var hasTemporaries: Bool {
        get throws(HostError) {
            for directory in directories.values {
                if try directory?.hasTemporaries == true { return true }
            }
            return false
        }
    }

    /// `path` as a person would write it.
    package func display(_ path: FilePath) -> FilePath { root?.displayPath(path) ?? path }

    // MARK: Looking

    static func name(of path: FilePath) throws(HostError) -> FilePath.Component {
        guard let name = path.lastComponent, name.kind == .regular else {
            throw HostError("write", path, .invalidArgument)
        }
        return name
    }

    /// The directory at `path`; nil when there is none.
    func directory(_ path: FilePath) throws(HostError) -> StagingDirectory? {
        if let known = directories[path] { return known }
        guard let root else { return nil }
        var found: StagingDirectory?
        do {
            found = try StagingDirectory(root, path)
        } catch {
            let isDangling = try isDanglingLink(path)
            guard error.errno == .noSuchFileOrDirectory, !isDangling else { throw error }
        }
        if clearsAbandoned { found?.clearAbandonedTemporaries() }
        directories[path] = .some(found)
        return found
    }

    /// Whether there is something at `path` that leads nowhere: no directory can be made there.
    private func isDanglingLink(_ path: FilePath) throws(HostError) -> Bool {
        guard let name = path.lastComponent, let parent = try directory(path.removingLastComponent()) else {
            return false
        }
        return try parent.status(of: name) != nil
    }

    /// Forgets that there was no directory at `path`: one was made.
    func remember(_ directory: StagingDirectory, at path: FilePath) { directories[path] = .some(directory) }

    /// What is at `path`, links followed; nil when that is nothing.
    private func linkedStatus(_ path: FilePath) throws(HostError) -> TargetStatus? {
        guard let root else { return nil }
        let descriptor: Int32
        do {
            descriptor = try root.open(path, openPathOnly)
        } catch {
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory, .tooManySymbolicLinkLevels: return nil
            default: throw error
            }
        }
        defer { close(descriptor) }
        return try TargetStatus(of: descriptor, display(path))
    }

    private static func wanted(_ attributes: FileAttributes, model: TargetStatus?) -> FileAttributes {
        FileAttributes(
            mode: attributes.mode ?? model?.mode ?? 0o644, owner: attributes.owner ?? model?.owner,
            group: attributes.group ?? model?.group)
    }

    private static func present(_ target: TargetStatus?) -> TargetPlan.Present {
        guard let target else { return .nothing }
        return target.isRegular ? .file : target.isLink ? .link : .other
    }
}
