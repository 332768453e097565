// SPDX-License-Identifier: Apache-2.0

/// Asks all sources once.
struct CollectRound: Sendable {
    /// What came of asking a source.
    enum Answer: Sendable {
        case documents([Output])
        case nothingNew
        case notConfigured(String)
        /// With the reason, and whether what was committed last may be used instead.
        case down(String, mayUseLast: Bool)

        var isGood: Bool {
            switch self {
            case .documents, .nothingNew: true
            case .notConfigured, .down: false
            }
        }
    }

    /// A source and its answer.
    private struct Placed: Sendable {
        let place: Int
        let answer: Answer
    }

    let providers: [any MetadataProvider]

    /// The answers of all sources, asked at the same time, in their order.
    func ask() async -> [Answer] {
        await withTaskGroup(of: Placed.self) { group in
            for (place, provider) in providers.enumerated() {
                group.addTask {
                    let answer = await Self.answer(of: provider)
                    return Placed(place: place, answer: answer)
                }
            }
            var answers = [Answer](repeating: .nothingNew, count: providers.count)
            for await placed in group { answers[placed.place] = placed.answer }
            return answers
        }
    }

    private static func answer(of provider: any MetadataProvider) async -> Answer {
        do {
            return .documents(try await provider.collect())
        } catch ProviderError.notConfigured(let reason) {
            return .notConfigured(reason)
        } catch ProviderError.nothingNew {
            return .nothingNew
        } catch ProviderError.foreign(let reason) {
            return .down(reason, mayUseLast: false)
        } catch ProviderError.unavailable(let reason) {
            return .down(reason, mayUseLast: true)
        } catch {
            return .down("\(error)", mayUseLast: true)
        }
    }
}
