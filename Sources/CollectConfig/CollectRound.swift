// SPDX-License-Identifier: Apache-2.0

import Logging
import MetadataTree

/// Asks all sources once.
struct CollectRound {
    /// What a round brought.
    struct Collected {
        /// In the order of the sources.
        var outputs: [Output] = []
        /// The sources that ought to have answered and did not.
        var unavailable: [String] = []
    }

    let providers: [any MetadataProvider]
    let logger: Logger

    /// What the sources have; of one that is down, what `substitute` has for it.
    ///
    /// - Throws: `CancellationError`.
    func collect(substitute: (String) -> [Output]) async throws -> Collected {
        let answers = await ask()
        try Task.checkCancellation()
        var collected = Collected()
        for (provider, answer) in zip(providers, answers) {
            switch answer {
            case .success(let outputs): collected.outputs += outputs
            case .failure(ProviderError.notConfigured(let reason)):
                logger.info("\(reason)")
                logger.debug("Source [\(provider.name)] Not configured.")
            case .failure(let error):
                if case ProviderError.unavailable(let reason) = error {
                    logger.warning("\(reason)")
                } else {
                    logger.warning("\(error)")
                }
                logger.warning("Source [\(provider.name)] Unavailable.")
                collected.unavailable.append(provider.name)
                collected.outputs += substitute(provider.name)
            }
        }
        return collected
    }

    /// What one source answered.
    private struct Answer: Sendable {
        let place: Int
        let result: Result<[Output], any Error>
    }

    /// The answers of all sources, asked at the same time, in their order.
    private func ask() async -> [Result<[Output], any Error>] {
        await withTaskGroup(of: Answer.self) { group in
            for (place, provider) in providers.enumerated() {
                group.addTask {
                    let result = await Self.answer(of: provider)
                    return Answer(place: place, result: result)
                }
            }
            var results = [Result<[Output], any Error>](repeating: .success([]), count: providers.count)
            for await answer in group { results[answer.place] = answer.result }
            return results
        }
    }

    private static func answer(of provider: any MetadataProvider) async -> Result<[Output], any Error> {
        do {
            return .success(try await provider.collect())
        } catch {
            return .failure(error)
        }
    }
}
