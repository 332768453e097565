// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import SystemPackage

/// Puts rendered files in place below an output root, all or none.
struct TreeInstaller {
    /// A rendered file with its owners as ids.
    struct Plan {
        let file: RenderedFile
        let attributes: StagedWrite.Attributes

        /// Whether an existing file is to go instead of being emptied.
        var isRemoval: Bool { file.body.isEmpty && !file.controls.allowEmpty }
    }

    /// As it was given.
    let outputRoot: String
    let logger: Logger

    /// Looks up the owners that control files name.
    ///
    /// - Throws: `ConfigError` for a name that is not known.
    func plan(_ files: [RenderedFile]) throws -> [Plan] {
        var database: UserDatabase?
        func users() -> UserDatabase {
            let known = database ?? UserDatabase(root: try? RootedDirectory(FilePath(outputRoot)))
            database = known
            return known
        }
        return try files.map { file in
            var attributes = StagedWrite.Attributes(mode: file.controls.mode)
            switch file.controls.owner {
            case .id(let id): attributes.owner = id
            case .name(let name):
                guard let id = users().userID(name) else {
                    throw ConfigError("\(file.template): owner '\(name)' not found in passwd database")
                }
                attributes.owner = id
            case nil: break
            }
            switch file.controls.group {
            case .id(let id): attributes.group = id
            case .name(let name):
                guard let id = users().groupID(name) else {
                    throw ConfigError("\(file.template): group '\(name)' not found in group database")
                }
                attributes.group = id
            case nil: break
            }
            return Plan(file: file, attributes: attributes)
        }
    }

    /// - Throws: `HostError`; before the first rename nothing has changed.
    func install(_ plans: [Plan]) throws {
        guard !plans.isEmpty else { return }
        guard FileContents.status(FilePath(outputRoot)) != nil || plans.contains(where: { !$0.isRemoval })
        else {
            for plan in plans { logger.info("not creating empty \(shown(plan.file.path))") }
            return
        }
        let root = try RootedDirectory(FilePath(outputRoot), creating: .open)
        let staged = StagedWrite(in: root)
        for plan in plans {
            let path = plan.file.path
            guard plan.isRemoval else {
                _ = try staged.stage(path, plan.file.body, plan.attributes)
                continue
            }
            if try staged.stageRemoval(path) == .stayAbsent {
                logger.info("not creating empty \(shown(path))")
            }
        }
        try staged.commit { path, change in
            logger.info("\(change == .remove ? "deleting" : "writing") \(shown(path))")
        }
    }

    /// A path for a message: the root as it was given, and what is below it.
    private func shown(_ path: FilePath) -> String {
        outputRoot.hasSuffix("/") ? "\(outputRoot)\(path)" : "\(outputRoot)/\(path)"
    }
}
