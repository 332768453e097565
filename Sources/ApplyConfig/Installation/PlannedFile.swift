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
        let plans = files.map { file in
            var attributes = FileAttributes(mode: file.controls.mode)
            switch file.controls.owner {
            case .id(let id): attributes.owner = id
            case .name(let name):
                attributes.owner = users?.userID(name)
                if attributes.owner == nil {
                    errors.append(
                        ConfigError("\(file.template): owner '\(name)' not found in passwd database"))
                }
            case nil: break
            }
            switch file.controls.group {
            case .id(let id): attributes.group = id
            case .name(let name):
                attributes.group = users?.groupID(name)
                if attributes.group == nil {
                    errors.append(
                        ConfigError("\(file.template): group '\(name)' not found in group database"))
                }
            case nil: break
            }
            return PlannedFile(file: file, attributes: attributes)
        }
        guard errors.isEmpty else { throw ErrorList(errors) }
        return plans
    }
}
