// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage

/// What becomes of one file.
struct FileDifference {
    enum Change: String {
        case create, modify, delete
    }

    enum Content {
        /// The bytes stay: mode or owner change.
        case same
        case binary(oldSize: Int, newSize: Int)
        case text(TextDifference)
    }

    /// What is told of mode and owners; what is nil is not known, or not told.
    struct Attributes: Equatable {
        var mode: UInt32?
        var owner: String?
        var group: String?

        /// Four digits: `0644`, `4755`.
        var octalMode: String? {
            mode.map { mode in
                let digits = String(mode, radix: 8)
                return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            }
        }
    }

    /// As a person would write it.
    let path: String
    /// The template; nil where no template makes the file.
    let template: String?
    let change: Change
    /// What is replaced, where it is no plain file: a link, a FIFO.
    let replaced: String?
    let old: Attributes
    let new: Attributes
    let content: Content

    var added: Int { if case .text(let text) = content { text.added } else { 0 } }
    var removed: Int { if case .text(let text) = content { text.removed } else { 0 } }

    /// The difference of two texts; binary when either has a zero byte near its start, as git has it.
    static func content(
        old: RedactedText, new: RedactedText, history: SecretHistory?, redactor: Redactor?
    ) -> Content {
        if old.bytes == new.bytes { return .same }
        if isBinary(old.bytes) || isBinary(new.bytes) {
            return .binary(oldSize: old.bytes.count, newSize: new.bytes.count)
        }
        let isSecretName = { (line: ArraySlice<UInt8>) in redactor?.keys.isNamed(in: line) ?? false }
        return .text(TextDifference(old: old, new: new, history: history, isSecretName: isSecretName))
    }

    private static func isBinary(_ bytes: [UInt8]) -> Bool { bytes.prefix(8000).contains(0) }
}

/// Compares what would be installed with what is there, and writes nothing.
struct TreeDifference {
    let output: OutputRoot
    /// Nil when secrets are to be shown.
    let redactor: Redactor?
    /// Where the metadata that templates saw is in all metadata.
    let prefix: [ByteString]

    /// The files that would change, in the order of the tree.
    ///
    /// - Throws: `ErrorList` of all files that cannot be compared.
    func differences(_ plans: [PlannedFile]) throws -> [FileDifference] {
        let root = try output.open()
        let targets = TargetReader(root)
        let names = try UserDatabase(root: root)
        var differences: [FileDifference] = []
        var errors: [any Error] = []
        for plan in plans {
            do {
                if let difference = try difference(plan, targets, names) { differences.append(difference) }
            } catch {
                errors.append(error)
            }
        }
        guard errors.isEmpty else { throw ErrorList(errors) }
        return differences
    }

    private func difference(_ plan: PlannedFile, _ targets: TargetReader, _ names: UserDatabase) throws
        -> FileDifference?
    {
        let target = try plan.plan(in: targets)
        guard !target.change.isNothing else { return nil }
        let bytes = try targets.contents(of: plan.file.path)
        let old = redactor?.redacted(unmapped: bytes) ?? RedactedText(bytes: bytes)
        let new = redactor?.redacted(plan.file, prefix: prefix) ?? RedactedText(bytes: plan.file.body)
        let history = redactor?.history(of: plan.file, prefix: prefix)
        let change: FileDifference.Change =
            plan.file.isRemoval ? .delete : target.present == .nothing ? .create : .modify
        return FileDifference(
            path: output.shown(plan.file.path), template: plan.file.template.string, change: change,
            replaced: target.present == .link ? "a link" : target.present == .other ? "no regular file" : nil,
            old: Self.attributes(target.current, names),
            new: change == .delete
                ? FileDifference.Attributes() : Self.attributes(target.wanted, names),
            content: FileDifference.content(old: old, new: new, history: history, redactor: redactor))
    }

    private static func attributes(_ attributes: FileAttributes?, _ names: UserDatabase)
        -> FileDifference.Attributes
    {
        FileDifference.Attributes(
            mode: attributes?.mode,
            owner: attributes?.owner.map { names.userName($0) ?? String($0) },
            group: attributes?.group.map { names.groupName($0) ?? String($0) })
    }
}
