// SPDX-License-Identifier: Apache-2.0

import Logging
import MetadataTree

/// What the answers of all sources come to.
extension CollectLoop {
    struct Collected {
        /// In the order of the sources.
        var outputs: [Output] = []
        /// Whether nothing is left out: what is not here is gone.
        var isWhole = true
    }

    /// The documents that count now: of a source that is down, or has nothing new, those that the command last succeeded with.
    func digest(_ answers: [CollectRound.Answer], _ cache: MetadataCache) -> Collected {
        let committed = CommittedDocuments(cache: cache, providers: plan.providers)
        var collected = Collected()
        for (provider, answer) in zip(plan.providers, answers) {
            var isOptional = false
            switch answer {
            case .documents(let outputs): collected.outputs += outputs
            case .nothingNew: collected.outputs += committed.documents(of: provider)
            case .notConfigured(let reason):
                plan.sourceLogger.info("\(reason)")
                plan.sourceLogger.debug("Source [\(provider.name)] Not configured.")
            case .down(let reason, let mayUseLast):
                let isUsed = mayUseLast && !plan.dropsUnavailable
                let last = isUsed ? committed.documents(of: provider) : []
                // One that has never given anything cannot be missing anything.
                let hasGiven = committed.hasGiven(provider)
                isOptional = !hasGiven && !plan.namesSources
                if last.isEmpty, hasGiven { collected.isWhole = false }
                collected.outputs += last
                tell(provider.name, reason, isStale: !last.isEmpty)
            }
            note(
                answer, of: provider.name, isStale: collected.outputs.contains { $0.source == provider.name },
                isOptional: isOptional)
        }
        return collected
    }

    private func tell(_ source: String, _ reason: String, isStale: Bool) {
        let remark = isStale ? "; its last committed metadata is used" : ""
        plan.sourceLogger.warning("Source [\(source)] is unavailable: \(reason)\(remark)")
    }

    private func note(_ answer: CollectRound.Answer, of source: String, isStale: Bool, isOptional: Bool) {
        let now = around.now()
        around.board.note { status in
            guard let place = status.sources.firstIndex(where: { $0.name == source }) else { return }
            status.sources[place].note(answer, at: now, isStale: isStale)
            status.sources[place].isOptional = isOptional
        }
    }
}

extension NodeStatus.Source {
    fileprivate mutating func note(_ answer: CollectRound.Answer, at now: Int, isStale: Bool) {
        self.isStale = false
        switch answer {
        case .notConfigured: state = .notConfigured
        case .documents, .nothingNew:
            polls += 1
            state = .good
            lastSuccess = now
            lastError = nil
        case .down(let reason, _):
            polls += 1
            failures += 1
            state = .down
            lastError = reason
            self.isStale = isStale
        }
    }
}

/// What the command last succeeded with, source by source.
private struct CommittedDocuments {
    let cache: MetadataCache
    let providers: [any MetadataProvider]

    func documents(of provider: any MetadataProvider) -> [Output] {
        let names = provider.name == "local" ? localNames() : names(of: provider)
        return names.compactMap { name in
            cache.committed(name).map { Output(name: name, value: $0, source: provider.name) }
        }
    }

    /// Whether there is anything that the source has ever given.
    func hasGiven(_ provider: any MetadataProvider) -> Bool {
        provider.name == "local" ? !localNames().isEmpty : cache.hasSeen(ByteString(provider.name))
    }

    /// A source's own document, and the deployments in it.
    private func names(of provider: any MetadataProvider) -> [ByteString] {
        guard let document = cache.committed(ByteString(provider.name)) else { return [] }
        let merger = DeploymentMerger(keys: provider.deploymentKeys, logger: Logger.silent)
        return merger.outputs(of: document, source: provider.name).map(\.name)
    }

    /// Local files have no document that names them: they are what was listed and nobody else's.
    private func localNames() -> [ByteString] {
        let others = Set(providers.filter { $0.name != "local" }.flatMap(names))
        let sources = Set(OptionTable.sources.map { ByteString($0) })
        return cache.listedNames().filter { !others.contains($0) && !sources.contains($0) }
    }
}

extension Logger {
    /// What it is told is told nobody.
    fileprivate static var silent: Logger { Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() } }
}
