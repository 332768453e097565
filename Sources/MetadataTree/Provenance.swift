// SPDX-License-Identifier: Apache-2.0

/// A document that values were read from: its name, as a person would give it, and its bytes.
package final class MetadataSource: Sendable {
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

extension MetadataSource {
    /// The text of the line `number`, counted from 1 as `TextPosition` counts, without its end; nil when there is none.
    package func line(_ number: Int) -> String? {
        var line = 1
        var start = 0
        var index = 0
        while index < bytes.count, line <= number {
            let byte = bytes[index]
            index += 1
            guard byte == 0x0A || byte == 0x0D else { continue }
            if line == number { return String(decoding: bytes[start..<(index - 1)], as: UTF8.self) }
            if byte == 0x0D, index < bytes.count, bytes[index] == 0x0A { index += 1 }
            line += 1
            start = index
        }
        return line == number ? String(decoding: bytes[start...], as: UTF8.self) : nil
    }
}

/// An error that lies at a place in a document.
package protocol LocatedError: Error {
    var source: MetadataSource { get }
    var position: TextPosition { get }
    var reason: String { get }
}

/// A place in a text, counted as editors do: lines and columns (characters, not bytes) from 1.
package struct TextPosition: Equatable, Sendable, CustomStringConvertible {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The place of the byte `offset` in `bytes`. A line ends with LF, CR LF or a lone CR.
    package init(of offset: Int, in bytes: [UInt8]) {
        var line = 1
        var lineStart = 0
        let end = min(offset, bytes.count)
        var index = 0
        while index < end {
            let byte = bytes[index]
            index += 1
            let isLoneReturn = byte == 0x0D && !(index < bytes.count && bytes[index] == 0x0A)
            guard byte == 0x0A || isLoneReturn else { continue }
            line += 1
            lineStart = index
        }
        // A character is counted at its first byte.
        let characters = bytes[lineStart..<max(end, lineStart)].count { $0 & 0xC0 != 0x80 }
        self.init(line: line, column: characters + 1)
    }

    package var description: String { "\(line):\(column)" }
}

/// Where a value came from: a document and the offset of the value's first byte in it.
package struct Provenance: Sendable {
    package let source: MetadataSource?
    package let offset: UInt32

    /// The place of a value that no document gave.
    package static let none = Provenance(source: nil, offset: 0)

    package init(source: MetadataSource?, offset: UInt32) {
        self.source = source
        self.offset = offset
    }

    package var position: TextPosition? {
        source.map { TextPosition(of: Int(offset), in: $0.bytes) }
    }

    /// `file:line:column`, or nil when no document gave the value.
    package var location: String? {
        guard let source, let position else { return nil }
        return "\(source.name):\(position)"
    }
}
