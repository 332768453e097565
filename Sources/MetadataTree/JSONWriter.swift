// SPDX-License-Identifier: Apache-2.0

/// Writes JSON with the bytes of Python's `json.dumps`: ASCII only, keys in their order.
package struct JSONWriter {
    /// How items are set apart.
    package enum Layout: Sendable {
        /// One line, `", "` between items and `": "` after keys: the default of `json.dumps`.
        case line
        /// A line an item, one space of indentation a level: `json.dumps(indent=1)`.
        case indented
    }

    private let layout: Layout
    private var output: [UInt8] = []

    private init(layout: Layout) {
        self.layout = layout
    }

    package static func bytes(of value: MetadataValue, layout: Layout = .line) -> [UInt8] {
        var output: [UInt8] = []
        append(value, to: &output, layout: layout)
        return output
    }

    package static func text(of value: MetadataValue, layout: Layout = .line) -> String {
        String(decoding: bytes(of: value, layout: layout), as: UTF8.self)
    }

    package static func append(_ value: MetadataValue, to output: inout [UInt8], layout: Layout = .line) {
        var writer = JSONWriter(layout: layout)
        swap(&writer.output, &output)
        writer.write(value, level: 0)
        swap(&writer.output, &output)
    }

    private mutating func write(_ value: MetadataValue, level: Int) {
        switch value.kind {
        case .null: write("null")
        case .boolean(let value): write(value ? "true" : "false")
        case .integer(let value): write(String(value))
        case .bigInteger(let digits): output.append(contentsOf: digits.bytes)
        case .float(let value): write(FloatText.python(value))
        case .string(let string): write(quoted: string)
        case .array(let elements):
            writeItems(elements, level: level, brackets: "[", "]") { writer, element in
                writer.write(element, level: level + 1)
            }
        case .object(let object):
            writeItems(object.members, level: level, brackets: "{", "}") { writer, member in
                writer.write(quoted: member.key)
                writer.write(": ")
                writer.write(member.value, level: level + 1)
            }
        }
    }

    private mutating func writeItems<Item>(
        _ items: [Item], level: Int, brackets opening: String, _ closing: String,
        item: (inout JSONWriter, Item) -> Void
    ) {
        write(opening)
        for (place, each) in items.enumerated() {
            if layout == .indented {
                write(place == 0 ? "\n" : ",\n")
                output.append(contentsOf: repeatElement(0x20, count: level + 1))
            } else if place > 0 {
                write(", ")
            }
            item(&self, each)
        }
        if layout == .indented, !items.isEmpty {
            write("\n")
            output.append(contentsOf: repeatElement(0x20, count: level))
        }
        write(closing)
    }

    private mutating func write(_ text: String) {
        output.append(contentsOf: text.utf8)
    }

    private mutating func write(quoted string: ByteString) {
        output.append(UInt8(ascii: "\""))
        string.withBytes { bytes in
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                if byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                    output.append(byte)
                    index += 1
                    continue
                }
                let (codePoint, length) = UTF8Character.codePoint(in: bytes, at: index)
                write(escaped: codePoint)
                index += length
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func write(escaped codePoint: UInt32) {
        switch codePoint {
        case 0x22: write("\\\"")
        case 0x5C: write("\\\\")
        case 0x08: write("\\b")
        case 0x09: write("\\t")
        case 0x0A: write("\\n")
        case 0x0C: write("\\f")
        case 0x0D: write("\\r")
        case 0x10000...:
            write(unit: 0xD800 + (codePoint - 0x10000) >> 10)
            write(unit: 0xDC00 + (codePoint - 0x10000) & 0x3FF)
        default: write(unit: codePoint)
        }
    }

    private mutating func write(unit: UInt32) {
        let digits = String(unit, radix: 16)
        write("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
    }
}
