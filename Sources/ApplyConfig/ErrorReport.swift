// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Logging
import MetadataTree

/// Tells errors: a line each, and for a person at a terminal the line of the file it lies in, with a caret.
struct ErrorReport {
    private let logger: Logger
    private let showsText: Bool

    init(_ logger: Logger, _ format: LogFormat) {
        self.logger = logger
        showsText = format == .text && Terminal(.error, environment: [:]).isInteractive
    }

    func report(_ error: any Error) {
        if let list = error as? ErrorList {
            for each in list.errors { report(each) }
            return
        }
        logger.error("\(error)")
        guard showsText, let place = (error as? ConfigError)?.place ?? error as? any LocatedError,
            let excerpt = SourceExcerpt(place)
        else { return }
        StandardStream.error.write(excerpt.text)
    }
}

/// A line of a template or control file with a caret under a place in it.
struct SourceExcerpt {
    let text: String

    private static let longestLine = 160

    init?(_ place: any LocatedError) {
        guard let line = place.source.line(place.position.line) else { return nil }
        let number = String(place.position.line)
        let margin = String(repeating: " ", count: number.count)
        let before = line.prefix(place.position.column - 1)
        // Far to the right of a long line, its beginning is left out.
        let dropped = max(0, before.count - Self.longestLine / 2)
        let shown = (dropped > 0 ? "…" : "") + line.dropFirst(dropped).prefix(Self.longestLine)
        let lead = String(before.dropFirst(dropped).map { $0 == "\t" ? "\t" : " " })
        text =
            " \(number) | \(Printable.text(String(shown)))\n \(margin) | \(dropped > 0 ? " " : "")\(lead)^\n"
    }
}
