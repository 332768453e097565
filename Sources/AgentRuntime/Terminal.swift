// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Whether a stream is a person's terminal, and what may be sent there.
package struct Terminal: Sendable {
    /// When to use colours.
    package enum ColorChoice: String, Sendable, CaseIterable {
        case auto, always, never
    }

    package enum Style: String, Sendable {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    package let isInteractive: Bool
    package let hasColor: Bool

    /// - Parameter environment: `NO_COLOR` that is not empty, and `TERM=dumb`, turn colours off (no-color.org).
    package init(
        _ stream: StandardStream, environment: [String: String], color: ColorChoice = .auto
    ) {
        isInteractive = isatty(stream.rawValue) == 1
        switch color {
        case .always: hasColor = true
        case .never: hasColor = false
        case .auto:
            let isRefused = environment["NO_COLOR"]?.isEmpty == false || environment["TERM"] == "dumb"
            hasColor = isInteractive && !isRefused
        }
    }

    /// `text` in a style, each line by itself so that a pager may show any part.
    package func styled(_ text: String, _ styles: Style...) -> String {
        guard hasColor, !text.isEmpty else { return text }
        return "\u{1B}[\(styles.map(\.rawValue).joined(separator: ";"))m\(text)\u{1B}[0m"
    }
}
