// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Runs the hooks of one directory.
struct PhaseRunner: Sendable {
    /// How the run of a directory ended.
    enum Outcome: Sendable {
        case completed
        /// A file of `environment.d` ended bash with success: no hook was to run.
        case passedOver
        /// The hook (or `environment.d` before the first one) that failed.
        case failed(HookRun)
        /// The run is to end, and no hook was at work.
        case stopped(HookProcesses.Stop)
    }

    let runner: HookRunner

    private var reporter: RunReporter { runner.reporter }

    /// Runs the hooks of `directory`, up to the first that fails.
    ///
    /// - Parameter first: the name of the hook to start with; those before it are left out.
    func run(_ directory: HookDirectory, phase: String, from first: String? = nil) async -> Outcome {
        let start = reporter.elapsed
        let hooks = directory.hooks.drop { first != nil && $0 != first }.map { name in
            Hook(phase: phase, name: name, path: directory.hookPath(name))
        }
        reporter.tell(.phaseStarted(phase, directory, hooks: hooks.count, at: start))
        let (outcome, count) = await run(hooks, phase, directory)
        let isSuccess =
            switch outcome {
            case .completed, .passedOver: true
            case .failed, .stopped: false
            }
        reporter.tell(
            .phaseEnded(
                phase, at: start, duration: reporter.elapsed - start, hooks: count, isSuccess: isSuccess))
        return outcome
    }

    private func run(_ hooks: [Hook], _ phase: String, _ directory: HookDirectory) async -> (
        Outcome, count: Int
    ) {
        let loaded: HookEnvironment.Loaded
        switch await runner.loadEnvironment(beside: directory.path, for: phase) {
        case .loaded(let environment): loaded = environment
        case .ended: return (.passedOver, 0)
        case .failed(let run): return (.failed(run), 0)
        }
        let mask = loaded.mask.map { umask($0) }
        defer { if let mask { umask(mask) } }
        var count = 0
        for group in groups(hooks) {
            if let stop = runner.processes.stop { return (.stopped(stop), count) }
            let runs = await runTogether(group, loaded)
            count += runs.count
            if let failed = runs.first(where: { !$0.ending.isSuccess }) { return (.failed(failed), count) }
        }
        if let stop = runner.processes.stop { return (.stopped(stop), count) }
        return (.completed, count)
    }

    /// The hooks that may run together: neighbours of the same number.
    private func groups(_ hooks: [Hook]) -> [[Hook]] {
        guard runner.settings.parallel > 1 else { return hooks.map { [$0] } }
        var groups: [[Hook]] = []
        for hook in hooks {
            if let last = groups.last?.last, LeadingNumber(last.name) == LeadingNumber(hook.name) {
                groups[groups.count - 1].append(hook)
            } else {
                groups.append([hook])
            }
        }
        return groups
    }

    /// Runs the hooks of a group, as many at a time as may be; when one fails, those that run get to their ends and no other
    /// begins.
    ///
    /// - Returns: the runs in the order of their ends.
    private func runTogether(_ group: [Hook], _ environment: HookEnvironment.Loaded) async -> [HookRun] {
        if group.count == 1 {
            return [await runner.run(runner.prepare(group[0]), environment, isAlone: true)]
        }
        return await withTaskGroup(of: HookRun.self) { tasks in
            var waiting = group[...]
            var runs: [HookRun] = []
            func startNext() {
                guard let hook = waiting.popFirst() else { return }
                let prepared = runner.prepare(hook)
                tasks.addTask { await runner.run(prepared, environment, isAlone: false) }
            }
            for _ in 0..<min(runner.settings.parallel, group.count) { startNext() }
            while let run = await tasks.next() {
                runs.append(run)
                let isOver = runner.processes.stop != nil || runs.contains { !$0.ending.isSuccess }
                if !isOver { startNext() }
            }
            return runs
        }
    }
}
