// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A terminal that a program takes for a person's (pty(7)), and what has been written to it.
package final class PseudoTerminal: Sendable {
    /// The path of the program's end.
    package let path: String
    private let controller: Int32
    /// Held open, so that the terminal lives while no program has it.
    private let keeper: Int32
    private let written = Mutex(Data())

    /// TIOCSPTLCK and TIOCGPTN of ioctl_tty(2), which Swift does not see.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    package init() throws {
        controller = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var lock: Int32 = 0
        var number: UInt32 = 0
        guard controller >= 0, ioctl(controller, Self.setLock, &lock) == 0,
            ioctl(controller, Self.getNumber, &number) == 0
        else { throw ChildProcess.Failure(reason: String(cString: strerror(errno))) }
        path = "/dev/pts/\(number)"
        keeper = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        Thread.detachNewThread { [self] in collect() }
    }

    private func collect() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = read(controller, &buffer, buffer.count), count > 0 {
            written.withLock { $0.append(contentsOf: buffer[..<count]) }
        }
    }

    deinit {
        close(keeper)
        close(controller)
    }

    /// What was written, with line ends as programs wrote them.
    package var text: String {
        String(decoding: written.withLock { $0 }, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n")
    }

    /// Types `text`; line ends and control characters are what the keys send.
    package func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(controller, bytes, bytes.count)
    }

    package func resize(rows: UInt16, columns: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(controller, UInt(TIOCSWINSZ), &size)
    }

    package func clear() { written.withLock { $0.removeAll() } }
}
