// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem
import Synchronization

/// Standard output and error, unbuffered and byte for byte.
package enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes all of `bytes`; what a closed pipe does not take is lost.
    package func write(_ bytes: some Sequence<UInt8>) {
        let buffer = Array(bytes)
        var written = 0
        while written < buffer.count {
            let count = buffer.withUnsafeBytes {
                Glibc.write(rawValue, $0.baseAddress! + written, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            written += count
        }
    }

    package func write(_ text: String) { write(text.utf8) }

    /// Writes a line unless whoever reads the stream does not take it for `patience`, or this process is asked to end meanwhile:
    /// then it is lost, and the next is not waited for. For what tells, and must not hold up, what is done.
    package func offer(_ line: String, patience: Duration) {
        let deadline = ContinuousClock.now + patience
        while true {
            var wait = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
            let ready = poll(&wait, 1, Self.isStalled.load(ordering: .relaxed) ? 0 : 50)
            if ready < 0, errno == EINTR { continue }
            if ready != 0 {
                Self.isStalled.store(false, ordering: .relaxed)
                return write(line)
            }
            let isStalled = Self.isStalled.load(ordering: .relaxed)
            if isStalled || SignalStream.hasEnding || ContinuousClock.now >= deadline {
                return Self.isStalled.store(patience > .zero || isStalled, ordering: .relaxed)
            }
        }
    }

    private static let isStalled = Atomic(false)

    /// Opens `/dev/null` for those of the three standard streams that are closed.
    static func ensureOpen() {
        for stream in Int32(0)...2 where fcntl(stream, F_GETFD) == -1 && errno == EBADF {
            // The lowest free number is this one.
            _ = open("/dev/null", stream == 0 ? O_RDONLY : O_WRONLY)
        }
    }
}
