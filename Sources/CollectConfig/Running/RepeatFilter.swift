// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// Keeps from the log what was said in the round before already: a source that is down for a day is no news every half minute.
final class RepeatFilter: Sendable {
    private struct Said {
        var before: Set<String> = []
        var now: Set<String> = []
    }

    private static let limit = 1000
    private let said = Mutex(Said())

    /// Notes that a round begins.
    func beginRound() {
        said.withLock { $0 = Said(before: $0.now) }
    }

    /// `logger` without what it repeats; with everything when it logs all that is done.
    func filtering(_ logger: Logger) -> Logger {
        var filtered = logger
        if logger.logLevel > .debug { filtered.handler = Handler(base: logger.handler, filter: self) }
        return filtered
    }

    fileprivate func isNews(_ text: String) -> Bool {
        said.withLock { said in
            if said.now.count < Self.limit { said.now.insert(text) }
            return !said.before.contains(text)
        }
    }

    private struct Handler: LogHandler {
        var base: any LogHandler
        let filter: RepeatFilter

        var logLevel: Logger.Level {
            get { base.logLevel }
            set { base.logLevel = newValue }
        }
        var metadata: Logger.Metadata {
            get { base.metadata }
            set { base.metadata = newValue }
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { base[metadataKey: key] }
            set { base[metadataKey: key] = newValue }
        }

        func log(event: LogEvent) {
            if filter.isNews(event.message.description) { base.log(event: event) }
        }
    }
}
