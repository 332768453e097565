// SPDX-License-Identifier: Apache-2.0

import CLibYAML
package import MetadataTree

/// Writes values as YAML 1.1 for people: in blocks, long texts as they are. What is read of it is the value again.
package struct YAMLWriter {
    private var output: [UInt8] = []

    /// The document, with a line end.
    package static func text(of value: MetadataValue) -> String {
        var writer = YAMLWriter()
        writer.emit(value)
        return String(decoding: writer.output, as: UTF8.self)
    }

    private mutating func emit(_ value: MetadataValue) {
        var emitter = yaml_emitter_t()
        guard yaml_emitter_initialize(&emitter) == 1 else { return }
        defer { yaml_emitter_delete(&emitter) }
        withUnsafeMutablePointer(to: &output) { output in
            yaml_emitter_set_output(
                &emitter,
                { context, bytes, count in
                    guard let bytes, let output = context?.assumingMemoryBound(to: [UInt8].self) else {
                        return 0
                    }
                    output.pointee += UnsafeBufferPointer(start: bytes, count: count)
                    return 1
                }, output)
            yaml_emitter_set_unicode(&emitter, 1)
            yaml_emitter_set_width(&emitter, -1)
            var event = yaml_event_t()
            yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING)
            yaml_emitter_emit(&emitter, &event)
            yaml_document_start_event_initialize(&event, nil, nil, nil, 1)
            yaml_emitter_emit(&emitter, &event)
            Self.emit(value, &emitter)
            yaml_document_end_event_initialize(&event, 1)
            yaml_emitter_emit(&emitter, &event)
            yaml_stream_end_event_initialize(&event)
            yaml_emitter_emit(&emitter, &event)
        }
    }

    private static func emit(_ value: MetadataValue, _ emitter: inout yaml_emitter_t) {
        var event = yaml_event_t()
        switch value.kind {
        case .null: scalar(Array("null".utf8), YAML_PLAIN_SCALAR_STYLE, &emitter)
        case .boolean(let flag): scalar(Array("\(flag)".utf8), YAML_PLAIN_SCALAR_STYLE, &emitter)
        case .integer, .bigInteger, .float:
            scalar(number(value), YAML_PLAIN_SCALAR_STYLE, &emitter)
        case .string(let text): scalar(Array(text.bytes), style(of: text), &emitter)
        case .array(let elements):
            let style = elements.isEmpty ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE
            yaml_sequence_start_event_initialize(&event, nil, nil, 1, style)
            yaml_emitter_emit(&emitter, &event)
            for element in elements { emit(element, &emitter) }
            yaml_sequence_end_event_initialize(&event)
            yaml_emitter_emit(&emitter, &event)
        case .object(let object):
            let style = object.isEmpty ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE
            yaml_mapping_start_event_initialize(&event, nil, nil, 1, style)
            yaml_emitter_emit(&emitter, &event)
            for member in object.members {
                scalar(Array(member.key.bytes), self.style(of: member.key), &emitter)
                emit(member.value, &emitter)
            }
            yaml_mapping_end_event_initialize(&event)
            yaml_emitter_emit(&emitter, &event)
        }
    }

    private static func scalar(
        _ bytes: [UInt8], _ style: yaml_scalar_style_t, _ emitter: inout yaml_emitter_t
    ) {
        var event = yaml_event_t()
        // Bytes that are no UTF-8 are written as what stands for them.
        let text = Array(String(decoding: bytes, as: UTF8.self).utf8)
        let room = text.isEmpty ? [0] : text
        yaml_scalar_event_initialize(&event, nil, nil, room, Int32(text.count), 1, 1, style)
        yaml_emitter_emit(&emitter, &event)
    }

    /// YAML 1.1 wants a point in a number with an exponent, and has names of its own for what is no number.
    private static func number(_ value: MetadataValue) -> [UInt8] {
        let text = JSONWriter.text(of: value)
        switch text {
        case "NaN": return Array(".nan".utf8)
        case "Infinity": return Array(".inf".utf8)
        case "-Infinity": return Array("-.inf".utf8)
        default:
            guard case .float = value.kind, let place = text.firstIndex(of: "e"), !text.contains(".") else {
                return Array(text.utf8)
            }
            return Array("\(text[..<place]).0\(text[place...])".utf8)
        }
    }

    /// Plain where nothing else can be read in it; texts of lines as they are.
    private static func style(of text: ByteString) -> yaml_scalar_style_t {
        let bytes = text.bytes
        func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
        let isWord = bytes.allSatisfy { byte in
            isLetter(byte) || (0x30...0x39).contains(byte) || "-_./".utf8.contains(byte)
        }
        if isWord, let first = bytes.first, isLetter(first) || first == UInt8(ascii: "/") {
            return reserved.contains(text.text.lowercased())
                ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE
        }
        let isPrintable = bytes.allSatisfy { $0 == 0x0A || ($0 >= 0x20 && $0 != 0x7F) }
        let hasLines = bytes.contains(0x0A) && bytes.first != 0x20 && bytes.first != 0x0A
        return hasLines && isPrintable ? YAML_LITERAL_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE
    }

    /// Words that are other than strings.
    private static let reserved: Set<String> = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
}
