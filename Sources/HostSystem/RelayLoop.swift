// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the relay's thread does: it reads the pipes of the programs, and writes what has its turn.
struct RelayLoop {
    private let wakeEnd: Int32
    /// Whether a program's output is not to be waited for.
    private let isHurried: (Int) -> Bool
    /// In the order of their turns; the first writes through.
    private var channels: [RelayedChannel] = []
    /// Of programs that have ended and have had their turn: what they left behind may write on.
    private var leftOver: [RelayedChannel] = []
    /// Those that take nothing any more.
    private var deafSinks: Set<Int32> = []
    /// Those that are no files: they make a writer wait.
    private let waitingSinks: Set<Int32>

    /// How long the beginning of a line, which may be a question, is held back.
    private static let patience: Int32 = 100
    private static let drainLimit = 1 << 20

    init(wakeEnd: Int32, isHurried: @escaping (Int) -> Bool) {
        self.wakeEnd = wakeEnd
        self.isHurried = isHurried
        waitingSinks = Set(
            [Int32(1), 2].filter { sink in
                var status = stat()
                return fstat(sink, &status) != 0 || status.st_mode & S_IFMT != S_IFREG
            })
    }

    /// Waits for the next thing to do, and does it.
    ///
    /// - Returns: false when the relay is closed.
    mutating func run(taking messages: () -> [OutputRelay.Message]) -> Bool {
        if waitAndRead() { flushBegun(endingLines: false) }
        for message in messages() {
            switch message {
            case .open(let channel): channels.append(channel)
            case .finish(let number, let continuation):
                let lines = finish(number)
                writeTurns()
                continuation.resume(returning: lines)
            case .close(let continuation):
                for place in channels.indices { channels[place].isFinished = true }
                flushBegun(endingLines: true)
                writeTurns()
                for place in leftOver.indices { leftOver[place].closeAll() }
                continuation.resume()
                return false
            }
        }
        writeTurns()
        return true
    }

    private mutating func flushBegun(endingLines: Bool) {
        for place in channels.indices { channels[place].flushBegun(endingLines: endingLines) }
        for place in leftOver.indices { leftOver[place].flushBegun(endingLines: endingLines) }
    }

    /// - Returns: whether nothing came for as long as a beginning of a line may wait.
    private mutating func waitAndRead() -> Bool {
        var waits = [pollfd(fd: wakeEnd, events: Int16(POLLIN), revents: 0)]
        var places: [(isLeftOver: Bool, channel: Int, stream: Int)] = []
        for (isLeftOver, list) in [(false, channels), (true, leftOver)] {
            for (channel, each) in list.enumerated() where each.hasRoom {
                for (stream, one) in each.streams.enumerated() {
                    guard let descriptor = one.descriptor else { continue }
                    waits.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
                    places.append((isLeftOver, channel, stream))
                }
            }
        }
        let hasBegun = channels.contains(where: \.hasBegun) || leftOver.contains(where: \.hasBegun)
        let ready = retrying { poll(&waits, nfds_t(waits.count), hasBegun ? Self.patience : -1) }
        if waits[0].revents != 0 {
            var bytes = [UInt8](repeating: 0, count: 256)
            while Glibc.read(wakeEnd, &bytes, bytes.count) == bytes.count {}
        }
        for (place, wait) in zip(places, waits.dropFirst()) where wait.revents != 0 {
            if place.isLeftOver {
                leftOver[place.channel].read(place.stream, limit: 1)
            } else {
                channels[place.channel].read(place.stream, limit: 1)
            }
        }
        leftOver.removeAll { !$0.isOpen && $0.held.isEmpty }
        return ready == 0
    }

    private mutating func finish(_ number: Int) -> [String] {
        guard let place = channels.firstIndex(where: { $0.number == number }) else { return [] }
        for stream in channels[place].streams.indices {
            channels[place].read(stream, limit: Self.drainLimit)
        }
        channels[place].flushBegun(endingLines: true)
        channels[place].isFinished = true
        return channels[place].lastLines
    }

    /// Writes what the first program wrote, and of those behind it when it has ended.
    private mutating func writeTurns() {
        while !channels.isEmpty {
            write(channels[0].takeHeld(), of: channels[0].number)
            guard channels[0].isFinished else { break }
            leftOver.append(channels.removeFirst())
        }
        for place in leftOver.indices { write(leftOver[place].takeHeld(), of: leftOver[place].number) }
    }

    private mutating func write(_ pieces: [(sink: Int32, bytes: [UInt8])], of number: Int) {
        // Those that do not take what is not waited for.
        var fullSinks: Set<Int32> = []
        for (sink, bytes) in pieces where !deafSinks.contains(sink) && !fullSinks.contains(sink) {
            let isTaken = bytes.withUnsafeBytes { writeAll($0, to: sink, of: number) }
            if !isTaken { fullSinks.insert(sink) }
        }
    }

    /// - Returns: false when it is given up for now.
    private mutating func writeAll(_ bytes: UnsafeRawBufferPointer, to sink: Int32, of number: Int) -> Bool {
        var written = 0
        while written < bytes.count {
            var wait = pollfd(fd: sink, events: Int16(POLLOUT), revents: 0)
            if retrying({ poll(&wait, 1, 100) }) == 0 {
                if isHurried(number) { return false }
                continue
            }
            // A pipe that is ready takes so many without making us wait.
            let count = min(bytes.count - written, waitingSinks.contains(sink) ? Int(PIPE_BUF) : bytes.count)
            let taken = retrying { Glibc.write(sink, bytes.baseAddress! + written, count) }
            if taken < 0, errno == EAGAIN { continue }
            guard taken > 0 else {
                deafSinks.insert(sink)
                return true
            }
            written += taken
        }
        return true
    }
}
