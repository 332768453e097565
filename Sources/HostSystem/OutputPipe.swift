// SPDX-License-Identifier: Apache-2.0

import CLinux
import Dispatch
import Glibc
import SystemPackage

/// A pipe that takes what a program writes, until the last that holds its other end lets go: a child that a program leaves
/// behind may write on.
final class OutputPipe: Sendable {
    struct Contents: Sendable {
        var bytes: [UInt8] = []
        var isTooLong = false
    }

    /// For the program; to be closed here once it has it.
    let writeEnd: FileDescriptor
    private let readEnd: Int32
    private let limit: Int
    private let stopEnds: (read: Int32, write: Int32)

    init(limit: Int, _ program: FilePath) throws(HostError) {
        var ends: [Int32] = [-1, -1]
        var stopEnds: [Int32] = [-1, -1]
        guard retrying({ os_pipe2(&ends, O_CLOEXEC) }) == 0 else { throw .last("run", program) }
        guard retrying({ os_pipe2(&stopEnds, O_CLOEXEC | O_NONBLOCK) }) == 0 else {
            let error = HostError.last("run", program)
            for end in ends { close(end) }
            throw error
        }
        self.limit = limit
        readEnd = ends[0]
        writeEnd = FileDescriptor(rawValue: ends[1])
        self.stopEnds = (stopEnds[0], stopEnds[1])
    }

    deinit {
        for end in [readEnd, stopEnds.read, stopEnds.write] { close(end) }
    }

    /// Ends the reading, whoever holds the other end.
    func stop() {
        var byte: UInt8 = 0
        write(stopEnds.write, &byte, 1)
    }

    /// All that comes through, up to the limit; what is over it is read and dropped.
    func contents() async -> Contents {
        await withCheckedContinuation { continuation in
            // A queue of its own has a thread of its own: those of the global queue are as few as the processors, and this one
            // waits.
            DispatchQueue(label: "os-config.output").async { [self] in
                continuation.resume(returning: read())
            }
        }
    }

    private func read() -> Contents {
        var contents = Contents()
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            var waits = [
                pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stopEnds.read, events: Int16(POLLIN), revents: 0),
            ]
            guard retrying({ poll(&waits, 2, -1) }) > 0, waits[0].revents != 0 else { return contents }
            let count = retrying { Glibc.read(readEnd, &chunk, chunk.count) }
            guard count > 0 else { return contents }
            let room = limit - contents.bytes.count
            contents.bytes += chunk[..<min(count, room)]
            contents.isTooLong = contents.isTooLong || count > room
        }
    }
}
