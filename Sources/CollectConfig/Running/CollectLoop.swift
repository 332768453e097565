// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HostSystem
import Logging
import MetadataTree

/// Collects, stores, runs the command and sleeps, until the task is cancelled or the settings are out of date.
struct CollectLoop {
    /// Why the loop came to its end.
    enum End: Equatable {
        case finished(Int32)
        /// The settings have changed and are to be read anew.
        case reload
    }

    /// What outlives a plan.
    struct Surroundings: Sendable {
        let command: ChangeCommand
        let wakefulness: Wakefulness
        let board: StatusBoard
        let notifier: ServiceNotifier
        let environment: [String: String]
        let repeats: RepeatFilter
        /// A factor for each pause, so that nodes that were started together spread out.
        var jitter: @Sendable () -> Double = { .random(in: 0.75...1) }
        /// Seconds since 1970.
        var now: @Sendable () -> Int = { LocalTime.now.seconds }
    }

    /// What came of a round.
    private struct RoundResult {
        let status: Int32
        /// Whether something has changed that had not at the round before.
        let isNews: Bool
    }

    /// No pause is shorter, whatever the settings say.
    private static let shortestPause = 0.05

    let plan: CollectPlan
    let around: Surroundings
    /// Whether the service manager is still to be told that we have started.
    var isFirst: Bool
    private var attempt = ChangeAttempt()
    private var allowance = WakeAllowance()

    init(plan: CollectPlan, around: Surroundings, isFirst: Bool) {
        self.plan = plan
        self.around = around
        self.isFirst = isFirst
    }

    mutating func run() async throws -> End {
        guard let line = plan.command, !plan.isPrintOnly else {
            try await printCollected()
            return .finished(ExitStatus.success)
        }
        around.board.follow(plan.statusPlaces, sources: plan.providers.map(\.name), logger: plan.sourceLogger)
        around.board.show()
        if isFirst, plan.splay > 0, !plan.isOneTime {
            let wait = Duration.seconds(.random(in: 0..<plan.splay))
            if try await around.wakefulness.wait(for: .reload, within: wait) == .reload { return .reload }
        }
        if plan.isOneTime { return .finished(try await round(line).status) }
        return try await withThrowingDiscardingTaskGroup { watchers in
            defer { watchers.cancelAll() }
            return try await poll(line, &watchers)
        }
    }

    private mutating func poll(_ line: String, _ watchers: inout ThrowingDiscardingTaskGroup<any Error>)
        async throws -> End
    {
        follow(FileChanges(paths: plan.watchedPaths), .sourceChanged, &watchers)
        follow(FileChanges(paths: plan.configurationPaths), .configurationTouched, &watchers)
        let watching = WatchedSources()
        var interval = plan.shortestInterval
        while true {
            let result = try await round(line)
            if plan.isOutdated { return .reload }
            watch(watching, &watchers)
            if result.isNews { interval = plan.shortestInterval }
            if try await sleep(interval) == .reload { return .reload }
            interval = min(
                max(interval * 2, Self.shortestPause), max(plan.longestInterval, Self.shortestPause))
        }
    }

    private func follow(
        _ changes: FileChanges, _ reason: WakeReasons,
        _ watchers: inout ThrowingDiscardingTaskGroup<any Error>
    ) {
        watchers.addTask { [wakefulness = around.wakefulness] in
            await changes.follow { wakefulness.wake(for: reason) }
        }
    }

    private func watch(_ watching: WatchedSources, _ watchers: inout ThrowingDiscardingTaskGroup<any Error>) {
        for provider in plan.providers where watching.begin(provider.name) {
            watchers.addTask { [wakefulness = around.wakefulness] in
                let hasChanged = await provider.waitForChange()
                watching.end(provider.name)
                if hasChanged { wakefulness.wake(for: .sourceChanged) }
            }
        }
    }

    /// Sleeps until the next round is due; `reload` when the settings are to be read anew instead.
    private mutating func sleep(_ interval: Double) async throws -> WakeReasons {
        let seconds = max(interval * around.jitter(), Self.shortestPause)
        plan.logger.info("Sleeping \(seconds) seconds.")
        around.board.show { status in
            status.phase = .sleeping
            status.nextPoll = around.now() + Int(seconds.rounded(.up))
        }
        AwaitedChild.reapOrphans()
        let deadline = ContinuousClock.now + .seconds(seconds)
        var left = Duration.seconds(seconds)
        while true {
            let reasons = try await around.wakefulness.wait(
                for: [.sourceChanged, .reload, .configurationTouched], within: left)
            if reasons.contains(.reload) || plan.isOutdated { return .reload }
            if reasons.contains(.sourceChanged) { return try await heed(reasons) }
            if reasons.isEmpty { return reasons }
            left = max(deadline - .now, .zero)
        }
    }

    /// Waits, when sources have wakened us too often, for as long as they would have waited for us.
    private mutating func heed(_ reasons: WakeReasons) async throws -> WakeReasons {
        let pause = allowance.take(interval: max(plan.shortestInterval, Self.shortestPause))
        guard pause > .zero else { return reasons }
        let reload = try await around.wakefulness.wait(for: .reload, within: pause)
        return reload.isEmpty ? reasons : reload
    }

    // MARK: A round

    private func printCollected() async throws {
        let answers = await CollectRound(providers: plan.providers).ask()
        try Task.checkCancellation()
        var all = MetadataObject()
        for (provider, answer) in zip(plan.providers, answers) {
            switch answer {
            case .documents(let outputs): for output in outputs { all[output.name] = output.value }
            case .notConfigured(let reason): plan.logger.info("\(reason)")
            case .down(let reason, _):
                plan.sourceLogger.warning("Source [\(provider.name)] is unavailable: \(reason)")
            case .nothingNew: break
            }
        }
        let text = JSONWriter.bytes(of: MetadataValue(.object(all)), layout: .indented)
        StandardStream.output.write(text + [0x0A])
    }

    private mutating func round(_ line: String) async throws -> RoundResult {
        around.repeats.beginRound()
        let answers = try await around.wakefulness.attend { [plan] in
            await CollectRound(providers: plan.providers).ask()
        }
        announceReady()
        let cache = MetadataCache(
            directory: plan.cacheDirectory, backup: plan.backupDirectory, logger: plan.logger)
        let collected = digest(answers, cache)
        do {
            let stored = try cache.store(collected.outputs, isWhole: collected.isWhole)
            let isNews = attempt.isNews(stored)
            note(stored, isNews: isNews)
            guard stored.isChange || plan.isForced else {
                plan.logger.debug("No changes detected.")
                try await confirm(answers)
                return RoundResult(status: ExitStatus.success, isNews: false)
            }
            let status = try await carryOut(line, stored, cache)
            if status == ExitStatus.success {
                attempt = ChangeAttempt()
                try await confirm(answers)
            }
            return RoundResult(status: status, isNews: isNews)
        } catch let error as HostError {
            plan.sourceLogger.error("\(error)")
            around.board.note { status in
                status.isChangePending = true
                status.error = "\(error)"
            }
            return RoundResult(status: ExitStatus.failure, isNews: false)
        }
    }

    /// After the first round of asking, whatever it brought, and before the first command: that may start services itself.
    private mutating func announceReady() {
        if isFirst { around.notifier.notify("READY=1") }
        isFirst = false
    }

    /// Tells the sources that what they gave is done with.
    private func confirm(_ answers: [CollectRound.Answer]) async throws {
        let told = zip(plan.providers, answers).filter { $0.1.isGood }.map(\.0)
        try await around.wakefulness.attend { for provider in told { await provider.wasCommitted() } }
    }

    private func note(_ stored: MetadataCache.Stored, isNews: Bool) {
        let changed = Set(stored.changed.map(\.source))
        around.board.note { status in
            status.isChangePending = stored.isChange
            status.error = nil
            guard isNews else { return }
            for place in status.sources.indices where changed.contains(status.sources[place].name) {
                status.sources[place].changes += 1
                status.sources[place].lastChange = around.now()
            }
        }
    }

    // MARK: The command

    /// How the command ended, or why it did not start.
    fileprivate struct Attempted: Sendable {
        var ended: ChangeCommand.Ended?
        var failure: String?
    }

    private func carryOut(
        _ line: String, _ stored: MetadataCache.Stored, _ cache: MetadataCache
    ) async throws -> Int32 {
        plan.logger.info(
            "Executing the command with OS_CONFIG_FILES=\(stored.paths.joined(separator: ":"))")
        let start = ContinuousClock.now
        around.board.show { status in
            status.phase = .applying
            status.commands += 1
            status.command = NodeStatus.Command(started: around.now())
        }
        let attempted = try await around.wakefulness.attend { [plan, around] in
            await Self.attempt(line, stored.paths, plan, around)
        }
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        let status = attempted.ended?.ending.shellStatus ?? ExitStatus.failure
        // One that was asked to end may say that it has done everything.
        let isEnded = attempted.ended.map { $0.ending.isSuccess && !$0.isOverTime } ?? false
        let isSuccess = isEnded && !around.command.isStopped
        around.board.note { board in
            board.command?.seconds = Double(seconds) + Double(attoseconds) / 1e18
            board.command?.status = status
            board.command?.isOverTime = attempted.ended?.isOverTime ?? false
            board.isChangePending = !isSuccess
        }
        if isSuccess {
            try cache.commit(stored)
            return ExitStatus.success
        }
        try cache.revert(stored)
        guard !around.command.isStopped else { return status }
        plan.logger.error("Command failed, will run it again with the same data. \(attempted.reason)")
        return status == ExitStatus.success ? ExitStatus.failure : status
    }

    private static func attempt(
        _ line: String, _ paths: [String], _ plan: CollectPlan, _ around: Surroundings
    ) async -> Attempted {
        do {
            return Attempted(
                ended: try await around.command.run(
                    line, paths: paths, environment: around.environment, limit: plan.commandLimit))
        } catch {
            return Attempted(failure: "\(error)")
        }
    }
}

extension CollectLoop.Attempted {
    fileprivate var reason: String {
        guard let ended else { return failure ?? "" }
        return ended.isOverTime ? "Its time was over: \(ended.ending)" : "\(ended.ending)"
    }
}
