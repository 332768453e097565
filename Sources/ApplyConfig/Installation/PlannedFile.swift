// SPDX-License-Identifier: Apache-2.0

import HostSystem
import SystemPackage

/// A rendered file with its owners as ids.
struct PlannedFile {
    let file: RenderedFile
    let attributes: FileAttributes

    /// What putting it in place changes.
    func plan(in targets: TargetReader) throws(HostError) -> TargetPlan {
        file.isRemoval
            ? try targets.planRemoval(file.path) : try targets.plan(file.path, file.body, attributes)
    }

    /// Looks up the owners that control files name, in the databases of `root` where it has them.
    ///
    /// - Throws: `ErrorList` for names that are not known.
    static func plan(_ files: [RenderedFile], in root: RootedDirectory?) throws -> [PlannedFile] {
        let isNamed = files.contains { $0.controls.namesOwner }
        let users = isNamed ? try UserDatabase(root: root) : nil
        var errors: [any Error] = []
        func id(
            _ owner: TemplateControls.Owner?, _ file: RenderedFile, _ word: String, _ database: String,
            _ lookUp: (String) -> UInt32?
        ) -> UInt32? {
            switch owner {
            case .id(let id): return id
            case .name(let name):
                if let id = lookUp(name) { return id }
                errors.append(
                    ConfigError("\(file.template): \(word) '\(name)' not found in \(database) database"))
                return nil
            case nil: return nil
            }
        }
        let plans = files.map { file in
            let controls = file.controls
            let attributes = FileAttributes(
                mode: controls.mode,
                owner: id(controls.owner, file, "owner", "passwd") { users?.userID($0) },
                group: id(controls.group, file, "group", "group") { users?.groupID($0) })
            return PlannedFile(file: file, attributes: attributes)
        }
        guard errors.isEmpty else { throw ErrorList(errors) }
        return plans
    }
}
