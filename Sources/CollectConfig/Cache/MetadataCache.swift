// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import SystemPackage

/// The directory in which the collected documents are kept, all 0600:
///
/// - `NAME.json`: what was collected last,
/// - `NAME.json.orig`: what was collected first,
/// - `NAME.json.last`: what the command last succeeded with,
/// - `os_config_files.json`: the paths of the documents, in order;
/// - `os_config_files.json.before`: the list that the command last succeeded with, until it has with the new one.
struct MetadataCache {
    /// What storing a round's documents has come to.
    struct Stored {
        /// The documents the command has not succeeded with yet.
        var changed: [Output] = []
        /// Names of documents that are no more, whose files are still here.
        var removed: [ByteString] = []
        /// Of all documents, in order.
        var paths: [String] = []
        /// Whether the list of paths is another one than before.
        var isListNew = false
        /// What the file with the list held before.
        fileprivate(set) var previousList: [UInt8]?
        var isChange: Bool { !changed.isEmpty || !removed.isEmpty || isListNew }
    }

    private static let list = "os_config_files"
    private static let before = ".before"
    private static let attributes = FileAttributes(mode: 0o600)

    let directory: FilePath
    let backup: FilePath
    let logger: Logger

    /// Writes the documents and, when something has changed, the list and the backup.
    ///
    /// - Parameter isWhole: whether documents that no source gave are gone; if not, a source that may have given them is down.
    /// - Throws: `HostError`; then nothing has changed on disk.
    func store(_ outputs: [Output], isWhole: Bool) throws -> Stored {
        if outputs.isEmpty, FileContents.status(directory) == nil { return Stored() }
        let root = try RootedDirectory(directory, creating: .byUmask)
        let staged = StagedWrite(in: root)
        var stored = Stored()
        var seen: Set<ByteString> = []
        // Of several documents of one name the last one counts; the first is what was seen first.
        let last = Dictionary(outputs.map { ($0.name, $0) }) { $1 }
        for output in outputs {
            stored.paths.append(directory.appending(Self.path(output.name).components).string)
            let isNew = seen.insert(output.name).inserted
            guard isNew, let current = last[output.name] else { continue }
            let content = JSONWriter.bytes(of: current.value, layout: .indented)
            _ = try staged.stage(Self.path(output.name), content, Self.attributes)
            let original = Self.path(output.name, ".orig")
            let isFirst = !hasSeen(output.name)
            if isFirst {
                let first = JSONWriter.bytes(of: output.value, layout: .indented)
                _ = try staged.stage(original, first, Self.attributes)
            }
            if isFirst || committed(output.name) != current.value { stored.changed.append(current) }
        }
        if isWhole { stored.removed = try abandonedNames(Set(outputs.map(\.name))) }
        let list = JSONWriter.bytes(of: MetadataValue(.array(stored.paths.map { MetadataValue(string: $0) })))
        let listPath = Self.path(ByteString(Self.list))
        let beforePath = Self.path(ByteString(Self.list), Self.before)
        // A run that was killed has left it: its command may not have run.
        let interrupted = try root.read(beforePath)
        stored.previousList = try interrupted ?? root.read(listPath)
        stored.isListNew = try isWhole && hasOtherList(stored.previousList, listPath, list)
        if stored.isListNew, let previous = stored.previousList {
            _ = try staged.stage(beforePath, previous, Self.attributes)
        }
        if stored.isChange { _ = try staged.stage(listPath, list, Self.attributes) }
        try staged.commit()
        if stored.isChange { CacheBackup(cache: directory, copy: backup, logger: logger).make() }
        return stored
    }

    /// Notes that the command has succeeded with what was stored.
    ///
    /// - Throws: `HostError`; then the next round finds the same changes again.
    func commit(_ stored: Stored) throws {
        guard stored.isChange else { return }
        let staged = StagedWrite(in: try RootedDirectory(directory))
        for output in stored.changed {
            let content = JSONWriter.bytes(of: output.value, layout: .indented)
            _ = try staged.stage(Self.path(output.name, ".last"), content, Self.attributes)
        }
        for name in stored.removed {
            // The one that tells which documents there are goes last: whoever is killed before that begins again.
            for suffix in ["", ".last", ".orig"] { _ = try staged.stageRemoval(Self.path(name, suffix)) }
        }
        _ = try staged.stageRemoval(Self.path(ByteString(Self.list), Self.before))
        try staged.commit()
        CacheBackup(cache: directory, copy: backup, logger: logger).make()
    }

    /// Notes that the command has failed: the list goes back, so that the next round finds the change again.
    ///
    /// - Throws: `HostError`.
    func revert(_ stored: Stored) throws {
        guard stored.isListNew, let list = stored.previousList else { return }
        let staged = StagedWrite(in: try RootedDirectory(directory))
        _ = try staged.stage(Self.path(ByteString(Self.list)), list, Self.attributes)
        _ = try staged.stageRemoval(Self.path(ByteString(Self.list), Self.before))
        try staged.commit()
    }

    /// What the command last succeeded with; nil when there is none that can be read.
    func committed(_ name: ByteString) -> MetadataValue? {
        let path = directory.appending(Self.path(name, ".last").components)
        guard let bytes = try? FileContents.read(path) else { return nil }
        return try? JSONParser.parse(bytes, name: path.string)
    }

    /// Whether a document of this name was ever collected.
    func hasSeen(_ name: ByteString) -> Bool {
        FileContents.status(directory.appending(Self.path(name, ".orig").components)) != nil
    }

    /// The names of the documents that the list of paths has.
    func listedNames() -> [ByteString] {
        let path = directory.appending(Self.path(ByteString(Self.list)).components)
        guard let bytes = try? FileContents.read(path),
            let list = try? JSONParser.parse(bytes, name: path.string).array
        else { return [] }
        return list.compactMap { element in
            let file = element.string.map { FilePath($0.text) }?.lastComponent?.string ?? ""
            return file.hasSuffix(".json") ? ByteString(String(file.dropLast(".json".count))) : nil
        }
    }

    private static func path(_ name: ByteString, _ suffix: String = "") -> FilePath {
        FilePath("\(name.text).json\(suffix)")
    }

    /// Whether there is a list of paths that is not `list`.
    private func hasOtherList(_ before: [UInt8]?, _ path: FilePath, _ list: [UInt8]) throws -> Bool {
        guard let before else { return false }
        guard let old = try? JSONParser.parse(before, name: path.string).array else { return true }
        // The order and repetitions are the sources' business; what matters is which documents there are.
        let new = try JSONParser.parse(list, name: path.string).array ?? []
        return Set(old.compactMap(\.string)) != Set(new.compactMap(\.string))
    }

    /// Documents with files here that are neither `current` nor a source's own.
    private func abandonedNames(_ current: Set<ByteString>) throws -> [ByteString] {
        let suffix = ".json.orig"
        return try DirectoryListing.entries(of: directory).compactMap { entry in
            let file = entry.name.string
            guard entry.kind == .regular, file.hasSuffix(suffix) else { return nil }
            let name = ByteString(String(file.dropLast(suffix.count)))
            let isSource = OptionTable.sources.contains { ByteString($0) == name }
            return isSource || current.contains(name) ? nil : name
        }
    }
}
