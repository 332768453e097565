// SPDX-License-Identifier: Apache-2.0

import Glibc

/// One line at the bottom of a terminal that stays while others write above it, as the terminal scrolls only there (DECSTBM of
/// the VT100).
///
/// Whoever shows one has to hide it again, before the process ends or stops.
package struct BottomLine: Sendable {
    private var size: (rows: Int, columns: Int)?
    private let isPossible: Bool

    /// The height of which one row can be given away.
    private static let fewestRows = 5

    /// - Parameter environment: `TERM` says whether the terminal understands.
    package init(environment: [String: String]) {
        let kind = environment["TERM"] ?? ""
        isPossible =
            Terminal(.error, environment: environment).isInteractive && !kind.isEmpty && kind != "dumb"
    }

    /// Shows `text`, cut to the width of the terminal, unless the terminal is somebody else's at the moment.
    package mutating func show(_ text: String) {
        guard isPossible, tcgetpgrp(2) == getpgrp(), Self.isPlain, let now = Self.windowSize(),
            now.rows >= Self.fewestRows
        else { return }
        var output = ""
        if size.map({ $0 != now }) ?? true {
            // Down and up again makes room in the last row without leaving the column, where an answer may be typed.
            output += "\u{1B}D\u{1B}[A\u{1B}7\u{1B}[1;\(now.rows - 1)r\u{1B}8"
        }
        size = now
        output += "\u{1B}7\u{1B}[\(now.rows);1H\u{1B}[2K\(text.prefix(now.columns - 1))\u{1B}8"
        StandardStream.error.offer(output, patience: .zero)
    }

    package mutating func hide() {
        guard let shown = size else { return }
        size = nil
        guard tcgetpgrp(2) == getpgrp() else { return }
        let rows = Self.windowSize()?.rows ?? shown.rows
        StandardStream.error.offer("\u{1B}7\u{1B}[\(rows);1H\u{1B}[2K\u{1B}[r\u{1B}8", patience: .seconds(1))
    }

    /// Whether nobody asks for a password or draws on the whole screen.
    private static var isPlain: Bool {
        var settings = termios()
        let wanted = tcflag_t(ICANON | ECHO)
        return tcgetattr(2, &settings) == 0 && settings.c_lflag & wanted == wanted
    }

    private static func windowSize() -> (rows: Int, columns: Int)? {
        var size = winsize()
        guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 1 else { return nil }
        return (Int(size.ws_row), Int(size.ws_col))
    }
}
