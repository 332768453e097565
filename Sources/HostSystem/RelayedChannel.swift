// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The pipes of one program, as the relay reads them.
struct RelayedChannel: Sendable {
    struct Stream: Sendable {
        /// Nil at its end.
        var descriptor: Int32?
        /// The descriptor that its bytes go to.
        let sink: Int32
        var lines: MarkedLines
        var lastBytes: [UInt8] = []
        /// Whether there was more before them.
        var isCut = false
    }

    let number: Int
    var streams: [Stream]
    /// What waits for its turn.
    var held: [(sink: Int32, bytes: [UInt8])] = []
    private var heldCount = 0
    private let wish: OutputRelay.Wish
    var isFinished = false

    /// How much is held back before a program has to wait.
    private static let holdLimit = 1 << 20
    private static let rememberedBytes = 8192

    init(_ number: Int, _ wish: OutputRelay.Wish, output: Int32?, errorOutput: Int32) {
        self.number = number
        self.wish = wish
        streams = [(output, Int32(1)), (errorOutput, Int32(2))].compactMap { descriptor, sink in
            descriptor.map { Stream(descriptor: $0, sink: sink, lines: MarkedLines(wish.mark)) }
        }
    }

    var hasRoom: Bool { heldCount < Self.holdLimit }
    var isOpen: Bool { streams.contains { $0.descriptor != nil } }
    /// Whether there are beginnings of lines that wait for their ends.
    var hasBegun: Bool { streams.contains { $0.lines.hasBegun } }

    /// Reads what is there now, up to `limit` bytes, and holds it back.
    mutating func read(_ place: Int, limit: Int) {
        var chunk = [UInt8](repeating: 0, count: 65536)
        var room = limit
        while room > 0, let descriptor = streams[place].descriptor {
            let count = retrying { Glibc.read(descriptor, &chunk, chunk.count) }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else {
                close(descriptor)
                streams[place].descriptor = nil
                return
            }
            room -= count
            if streams[place].sink == 2, wish.rememberedLines > 0 {
                let bytes = streams[place].lastBytes + chunk[..<count]
                streams[place].isCut = streams[place].isCut || bytes.count > Self.rememberedBytes
                streams[place].lastBytes = Array(bytes.suffix(Self.rememberedBytes))
            }
            hold(streams[place].sink, streams[place].lines.take(chunk[..<count]))
        }
    }

    /// Holds the beginnings of lines back no longer.
    mutating func flushBegun(endingLines: Bool) {
        for place in streams.indices {
            hold(streams[place].sink, streams[place].lines.flush(endingLine: endingLines))
        }
    }

    private mutating func hold(_ sink: Int32, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        heldCount += bytes.count
        held.append((sink, bytes))
    }

    mutating func takeHeld() -> [(sink: Int32, bytes: [UInt8])] {
        defer { (held, heldCount) = ([], 0) }
        return held
    }

    var lastLines: [String] {
        guard let stream = streams.last else { return [] }
        var lines = stream.lastBytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let isCut = stream.isCut && lines.count <= wish.rememberedLines
        if isCut, let first = lines.first {
            // It starts somewhere in a line, if not in a character.
            lines[0] = first.drop { $0 & 0xC0 == 0x80 }
        }
        let texts = lines.suffix(wish.rememberedLines).map { String(decoding: $0, as: UTF8.self) }
        return isCut ? ["…" + (texts.first ?? "")] + texts.dropFirst() : texts
    }

    mutating func closeAll() {
        for place in streams.indices {
            if let descriptor = streams[place].descriptor { close(descriptor) }
            streams[place].descriptor = nil
        }
    }
}
