// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A file that log lines are appended to; whoever holds the value keeps it open.
package final class LogFile: Sendable {
    private enum State {
        case unopened(String)
        case open(Int32)
        case unavailable
    }

    private let state: Mutex<State>

    /// Opens `path` to append, making it 0644; nil, with errno set, when it cannot be opened.
    package init?(_ path: String) {
        let descriptor = Self.open(path)
        if descriptor < 0 { return nil }
        state = Mutex(.open(descriptor))
    }

    /// A file that is opened for its first line, and done without when that fails.
    package init(whenWanted path: String) {
        state = Mutex(.unopened(path))
    }

    deinit {
        if case .open(let descriptor) = state.withLock({ $0 }) { close(descriptor) }
    }

    private static func open(_ path: String) -> Int32 {
        Glibc.open(
            path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0o644)
    }

    func write(_ line: String) {
        let bytes = Array(line.utf8)
        state.withLock { state in
            if case .unopened(let path) = state {
                let descriptor = Self.open(path)
                state = descriptor < 0 ? .unavailable : .open(descriptor)
            }
            guard case .open(let descriptor) = state else { return }
            _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        }
    }
}
