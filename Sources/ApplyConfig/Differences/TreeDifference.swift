// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage

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
