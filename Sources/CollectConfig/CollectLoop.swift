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

    /// What wakes the loop before its time.
    enum Event: Sendable {
        case sourceChanged
        case reload
    }

    let plan: CollectPlan
    /// Whether a random time is waited first: when the program starts, not when its settings change.
    let splays: Bool
    let command: ChangeCommand
    let environment: [String: String]
    let logger: Logger
    let events: EventQueue

    func run() async throws -> End {
        guard let line = plan.command, !plan.isPrintOnly else {
            try await printCollected()
            return .finished(ExitStatus.success)
        }
        if splays, plan.splay > 0, !plan.isOneTime {
            try await Task.sleep(for: .seconds(.random(in: 0..<plan.splay)))
        }
        return try await withThrowingTaskGroup(of: Void.self) { watchers in
            defer { watchers.cancelAll() }
            return try await poll(line, &watchers)
        }
    }

    private func poll(_ line: String, _ watchers: inout ThrowingTaskGroup<Void, any Error>)
        async throws -> End
    {
        let watching = WatchedSources()
        var interval = plan.shortestInterval
        while true {
            let (status, hasChanged) = try await round(line)
            if plan.isOneTime { return .finished(status) }
            if plan.isOutdated { return .reload }
            for provider in plan.providers where watching.begin(provider.name) {
                watchers.addTask { [events] in
                    let hasChanged = await provider.waitForChange()
                    watching.end(provider.name)
                    if hasChanged { events.add(.sourceChanged) }
                }
            }
            if hasChanged { interval = plan.shortestInterval }
            logger.info("Sleeping \(interval) seconds.")
            if try await events.next(within: .seconds(interval)) == .reload { return .reload }
            if plan.isOutdated { return .reload }
            interval = min(max(interval * 2, 0.01), plan.longestInterval)
        }
    }

    // MARK: A round

    private func printCollected() async throws {
        let round = CollectRound(providers: plan.providers, logger: logger)
        let collected = try await round.collect { _ in [] }
        var all = MetadataObject()
        for output in collected.outputs { all[output.name] = output.value }
        let text = JSONWriter.bytes(of: MetadataValue(.object(all)), layout: .indented)
        StandardStream.output.write(text + [0x0A])
    }

    private func round(_ line: String) async throws -> (status: Int32, hasChanged: Bool) {
        let cache = MetadataCache(
            directory: plan.cacheDirectory, backup: plan.backupDirectory, logger: logger)
        let collected = try await CollectRound(providers: plan.providers, logger: logger).collect { source in
            lastCommitted(source, cache)
        }
        do {
            let keeping = collected.unavailable.contains("local")
            let stored = try cache.store(collected.outputs, keeping: keeping)
            guard stored.isChange || plan.isForced else {
                logger.debug("No changes detected.")
                return (ExitStatus.success, false)
            }
            return (try await carryOut(line, stored, cache), stored.isChange)
        } catch let error as HostError {
            logger.error("\(error)")
            return (ExitStatus.failure, false)
        }
    }

    /// The documents of a source that is down, as the command last succeeded with them.
    private func lastCommitted(_ source: String, _ cache: MetadataCache) -> [Output] {
        let names = source == "local" ? localNames(cache) : committedNames(of: source, cache)
        if !names.isEmpty {
            logger.warning("Source [\(source)] is down: its last committed metadata is used.")
        }
        return names.compactMap { name in cache.committed(name).map { Output(name: name, value: $0) } }
    }

    /// A source's own document, and the deployments in it.
    private func committedNames(of source: String, _ cache: MetadataCache) -> [ByteString] {
        guard let document = cache.committed(ByteString(source)) else { return [] }
        let merger = DeploymentMerger(keys: source == "heat_local" ? [] : plan.deploymentKeys, logger: logger)
        return merger.outputs(of: document, source: source).map(\.name)
    }

    /// Local files have no document that names them: they are what was listed and nobody else's.
    private func localNames(_ cache: MetadataCache) -> [ByteString] {
        let others = Set(OptionTable.sources.flatMap { committedNames(of: $0, cache) })
        return cache.listedNames().filter { !others.contains($0) }
    }

    private func carryOut(
        _ line: String, _ stored: MetadataCache.Stored, _ cache: MetadataCache
    ) async throws -> Int32 {
        logger.info("Executing the command with OS_CONFIG_FILES=\(stored.paths.joined(separator: ":"))")
        let ending = try await command.run(line, paths: stored.paths, environment: environment)
        guard ending.isSuccess else {
            try cache.revert(stored)
            guard !command.isStopped else { return ending.shellStatus }
            logger.error("Command failed, will run it again with the same data. \(ending)")
            return ending.shellStatus
        }
        try cache.commit(stored)
        return ExitStatus.success
    }
}
