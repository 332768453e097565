// SPDX-License-Identifier: Apache-2.0

/// Bytes with a mark before each line; without a mark they go through as they are.
struct MarkedLines: Sendable {
    private let mark: [UInt8]?
    /// What has come of a line that has not ended.
    private var begun: [UInt8] = []
    /// Whether the line that goes on has its mark.
    private var isInLine = false

    private static let longestBegun = 65536

    init(_ mark: String?) {
        self.mark = mark.map { Array($0.utf8) }
    }

    var hasBegun: Bool { !begun.isEmpty }

    /// What can be written now.
    mutating func take(_ chunk: ArraySlice<UInt8>) -> [UInt8] {
        guard let mark else { return Array(chunk) }
        var output: [UInt8] = []
        output.reserveCapacity(chunk.count * 2)
        var rest = chunk
        while let end = rest.firstIndex(of: 0x0A) {
            if !isInLine { output += mark }
            output += begun
            output += rest[...end]
            begun = []
            isInLine = false
            rest = rest[(end + 1)...]
        }
        begun += rest
        if begun.count > Self.longestBegun { output += flush(endingLine: false) }
        return output
    }

    /// The beginning of a line, without waiting for the rest.
    ///
    /// - Parameter endingLine: ends the line, since nothing more is waited for.
    mutating func flush(endingLine: Bool) -> [UInt8] {
        guard let mark else { return [] }
        var output: [UInt8] = []
        if !begun.isEmpty {
            output = isInLine ? begun : mark + begun
            begun = []
            isInLine = true
        }
        if endingLine, isInLine {
            output.append(0x0A)
            isInLine = false
        }
        return output
    }
}
