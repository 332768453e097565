// SPDX-License-Identifier: Apache-2.0

/// The places of many bytes of one text, found without going through it each time, however long its lines are.
package struct TextLines: Sendable {
    private static let stride = 1024

    private let bytes: [UInt8]
    /// The place of every byte whose offset `stride` divides.
    private let marks: [TextPosition]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var marks = [TextPosition(line: 1, column: 1)]
        for start in Swift.stride(from: Self.stride, through: bytes.count, by: Self.stride) {
            marks.append(
                Self.position(from: marks[marks.count - 1], (start - Self.stride)..<start, in: bytes))
        }
        self.marks = marks
    }

    /// The place of the byte `offset`, as `TextPosition(of:in:)` gives it.
    package func position(of offset: Int) -> TextPosition {
        let offset = min(max(offset, 0), bytes.count)
        let mark = offset / Self.stride
        return Self.position(from: marks[mark], (mark * Self.stride)..<offset, in: bytes)
    }

    /// The place behind `range`, which starts at `start`.
    private static func position(from start: TextPosition, _ range: Range<Int>, in bytes: [UInt8])
        -> TextPosition
    {
        var (line, column) = (start.line, start.column)
        for index in range {
            let byte = bytes[index]
            let isLoneReturn = byte == 0x0D && !(index + 1 < bytes.count && bytes[index + 1] == 0x0A)
            if byte == 0x0A || isLoneReturn {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return TextPosition(line: line, column: column)
    }
}
