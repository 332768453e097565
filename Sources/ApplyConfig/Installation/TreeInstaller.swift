// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import SystemPackage

/// Puts rendered files in place below an output root, all or none.
struct TreeInstaller {
    let output: OutputRoot
    let isDurable: Bool
    /// How long a `check` may take; nil: for ever.
    let checkLimit: Duration?
    let mask: SecretMask.Lazy
    let changedGroups: ChangedGroups?
    let logger: Logger

    /// - Parameter renew: gives the files anew: another run had its turn in between, and they may be out of date.
    /// - Throws: `HostError` or `ConfigError`; before the first rename nothing has changed.
    func install(_ plans: [PlannedFile], renew: () async throws -> [PlannedFile]) async throws {
        guard !plans.isEmpty else { return }
        // Another run that failed may remove a root that it made, while this one waits for its turn.
        var plans = plans
        for attempt in 1... {
            let existing = try output.open()
            let work = try work(plans, existing)
            if work == .nothing { return }
            let root = try existing ?? RootedDirectory(FilePath(output.path), creating: .open)
            do {
                return try await takeTurn(work, plans, in: root, renew)
            } catch let error as HostError
                where error.errno == .noSuchFileOrDirectory && error.path == root.path && attempt < 10
            {
                plans = try await renew()
            }
        }
    }

    /// What there is to do.
    private enum Work {
        case nothing
        /// Killed runs left temporaries or their lock.
        case clear
        case replace
    }

    private func work(_ plans: [PlannedFile], _ root: RootedDirectory?) throws -> Work {
        let targets = TargetReader(root)
        var absent: [FilePath] = []
        for plan in plans {
            let target = try plan.plan(in: targets)
            guard target.change.isNothing else { return .replace }
            if target.change == .stayAbsent { absent.append(plan.file.path) }
        }
        for path in absent { logger.info("not creating empty \(output.shown(path))") }
        let isLeft = try targets.hasTemporaries || root.map { TurnLock.isPresent(in: $0) } ?? false
        return isLeft ? .clear : .nothing
    }

    private func takeTurn(
        _ work: Work, _ plans: [PlannedFile], in root: RootedDirectory,
        _ renew: () async throws -> [PlannedFile]
    ) async throws {
        let turn = try await TurnLock.take(in: root) {
            logger.info("another run is changing the files under \(output.path), waiting for it to end")
        }
        defer { withExtendedLifetime(turn) {} }
        if turn == nil, work == .replace {
            logger.warning("there is no place for a lock under \(output.path): runs do not take turns")
        }
        let plans = turn?.hasWaited == true ? try await renew() : plans
        do {
            try await replace(plans, in: root)
        } catch {
            turn?.removeFile()
            root.removeMadeDirectories()
            throw error
        }
    }

    private func replace(_ plans: [PlannedFile], in root: RootedDirectory) async throws {
        let staged = StagedWrite(in: root, isDurable: isDurable)
        var changed: [PlannedFile] = []
        for plan in plans {
            try Task.checkCancellation()
            if try stage(plan, staged) { changed.append(plan) }
        }
        try await check(changed, staged)
        // Told before it is true: what is killed in the middle is not to be forgotten.
        try Task.checkCancellation()
        try changedGroups?.add(changed.flatMap(\.file.controls.groups))
        var done = 0
        do {
            try staged.commit { path, change in
                logger.info("\(change == .remove ? "deleting" : "writing") \(output.shown(path))")
                done += 1
            }
        } catch {
            guard done > 1 else { throw error }
            throw ConfigError("\(error); \(done - 1) of \(changed.count) files were replaced before")
        }
    }

    /// - Returns: whether the file is to change.
    private func stage(_ plan: PlannedFile, _ staged: StagedWrite) throws -> Bool {
        let path = plan.file.path
        let target: TargetPlan
        if plan.file.isRemoval {
            target = try staged.stageRemoval(path)
        } else {
            let isChecked = plan.file.controls.check != nil
            target = try staged.stage(path, plan.file.body, plan.attributes, isChecked: isChecked)
        }
        if target.change == .stayAbsent { logger.info("not creating empty \(output.shown(path))") }
        if target.isMountPoint {
            logger.warning("\(output.shown(path)) is a mount point: it is rewritten in place, not replaced")
        }
        return !target.change.isNothing
    }

    /// - Throws: `ErrorList` of all checks that fail.
    private func check(_ plans: [PlannedFile], _ staged: StagedWrite) async throws {
        var errors: [any Error] = []
        for plan in plans {
            do {
                try await check(plan, staged)
            } catch let error where !(error is CancellationError) {
                errors.append(error)
            }
        }
        guard errors.isEmpty else { throw ErrorList(errors) }
    }

    private func check(_ plan: PlannedFile, _ staged: StagedWrite) async throws {
        guard let command = plan.file.controls.check, !plan.file.isRemoval else { return }
        let target = output.shown(plan.file.path)
        guard let source = staged.stagedPath(of: plan.file.path) else {
            throw ConfigError("check of \(target) failed: the staged file's path cannot be found")
        }
        try await FileCheck(command: command, timeLimit: checkLimit, mask: mask).run(on: source, for: target)
        guard staged.isIntact(plan.file.path, plan.file.body) else {
            throw ConfigError("check of \(target) failed: it changed the staged file")
        }
    }
}
