// SPDX-License-Identifier: Apache-2.0

import CLibYAML
package import MetadataTree

/// What keeps a text from being YAML that we take, and where.
package struct YAMLError: LocatedError, CustomStringConvertible {
    package let source: MetadataSource
    package let position: TextPosition
    package let reason: String

    package var description: String { "\(source.name):\(position): \(reason)" }
}

/// Reads one YAML 1.1 document as PyYAML's `safe_load` does: `yes` is true, `0600` is octal, `1:30` is ninety.
///
/// A date stays a string. Anchors, aliases and merge keys work; what they expand to is bounded.
package enum YAMLReader {
    /// How deep sequences and mappings may be nested.
    package static let depthLimit = 512
    /// How many values a document may have once its aliases are expanded.
    package static let valueLimit = 1_000_000

    /// The document in `source`; null when it is empty.
    ///
    /// - Throws: `YAMLError`.
    package static func read(_ source: MetadataSource) throws(YAMLError) -> MetadataValue {
        if let offset = UTF8Character.firstInvalidOffset(in: source.bytes) {
            throw YAMLError(
                source: source, position: TextPosition(of: offset, in: source.bytes),
                reason: "byte 0x\(String(source.bytes[offset], radix: 16)) is not UTF-8")
        }
        guard source.bytes.count < UInt32.max else {
            throw YAMLError(
                source: source, position: TextPosition(line: 1, column: 1),
                reason: "the document is 4 GiB or more")
        }
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else {
            throw YAMLError(
                source: source, position: TextPosition(line: 1, column: 1), reason: "out of memory")
        }
        defer { yaml_parser_delete(&parser) }
        let result: Result<MetadataValue, YAMLError> = source.bytes.withUnsafeBufferPointer { bytes in
            yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            var composer = Composer(parser: &parser, source: source)
            do throws(YAMLError) {
                return .success(try composer.document())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// Makes values of libyaml's events.
private struct Composer {
    let parser: UnsafeMutablePointer<yaml_parser_t>
    let source: MetadataSource
    private let lines: LineOffsets
    private var anchors: [String: (value: MetadataValue, weight: Int)] = [:]
    private var values = 0

    init(parser: UnsafeMutablePointer<yaml_parser_t>, source: MetadataSource) {
        self.parser = parser
        self.source = source
        lines = LineOffsets(source.bytes)
    }

    mutating func document() throws(YAMLError) -> MetadataValue {
        var root = MetadataValue.null
        var documents = 0
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            switch event.type {
            case YAML_STREAM_END_EVENT: return root
            case YAML_DOCUMENT_START_EVENT:
                documents += 1
                guard documents == 1 else { throw failure("a second document starts here", event.start_mark) }
                var content = try next()
                defer { yaml_event_delete(&content) }
                root = try value(of: content, depth: 0)
            default: continue
            }
        }
    }

    private func next() throws(YAMLError) -> yaml_event_t {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw parserFailure() }
        return event
    }

    // MARK: Values

    private mutating func value(of event: yaml_event_t, depth: Int) throws(YAMLError) -> MetadataValue {
        guard depth <= YAMLReader.depthLimit else {
            throw failure("nested deeper than \(YAMLReader.depthLimit) levels", event.start_mark)
        }
        if event.type == YAML_ALIAS_EVENT { return try aliased(event) }
        let before = values
        try count(1, event.start_mark)
        let anchor: String?
        let kind: MetadataValue.Kind
        switch event.type {
        case YAML_SCALAR_EVENT:
            anchor = text(event.data.scalar.anchor)
            kind = try scalar(event)
        case YAML_SEQUENCE_START_EVENT:
            anchor = text(event.data.sequence_start.anchor)
            try checkTag(text(event.data.sequence_start.tag), "tag:yaml.org,2002:seq", event.start_mark)
            kind = .array(try sequence(depth: depth))
        case YAML_MAPPING_START_EVENT:
            anchor = text(event.data.mapping_start.anchor)
            try checkTag(text(event.data.mapping_start.tag), "tag:yaml.org,2002:map", event.start_mark)
            kind = .object(try mapping(depth: depth))
        default:
            throw failure("unexpected end of the document", event.start_mark)
        }
        let value = MetadataValue(kind, from: provenance(event.start_mark))
        if let anchor { anchors[anchor] = (value, values - before) }
        return value
    }

    private mutating func aliased(_ event: yaml_event_t) throws(YAMLError) -> MetadataValue {
        let name = text(event.data.alias.anchor) ?? ""
        guard let anchor = anchors[name] else {
            throw failure("found undefined alias '\(name)'", event.start_mark)
        }
        try count(anchor.weight, event.start_mark)
        return anchor.value
    }

    private mutating func count(_ more: Int, _ mark: yaml_mark_t) throws(YAMLError) {
        values += more
        guard values <= YAMLReader.valueLimit else {
            throw failure("the document has more than \(YAMLReader.valueLimit) values", mark)
        }
    }

    private func scalar(_ event: yaml_event_t) throws(YAMLError) -> MetadataValue.Kind {
        let scalar = event.data.scalar
        let bytes = Array(UnsafeBufferPointer(start: scalar.value, count: scalar.length))
        let tag = text(scalar.tag)
        let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE && tag == nil
        guard let kind = YAMLScalar.resolve(bytes, isPlain: isPlain, tag: tag == "!" ? nil : tag) else {
            let text = String(decoding: bytes, as: UTF8.self)
            throw failure("'\(text)' cannot be read with the tag '\(tag ?? "")'", event.start_mark)
        }
        return kind
    }

    private func checkTag(_ tag: String?, _ expected: String, _ mark: yaml_mark_t) throws(YAMLError) {
        guard let tag, tag != "!", tag != expected else { return }
        throw failure("the tag '\(tag)' is not known", mark)
    }

    private mutating func sequence(depth: Int) throws(YAMLError) -> [MetadataValue] {
        var elements: [MetadataValue] = []
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            if event.type == YAML_SEQUENCE_END_EVENT { return elements }
            elements.append(try value(of: event, depth: depth + 1))
        }
    }

    private mutating func mapping(depth: Int) throws(YAMLError) -> MetadataObject {
        var members = MetadataObject()
        var merged = MetadataObject()
        while true {
            var event = try next()
            defer { yaml_event_delete(&event) }
            if event.type == YAML_MAPPING_END_EVENT { break }
            let isMerge = isMergeKey(event)
            let keyMark = event.start_mark
            let key = try value(of: event, depth: depth + 1)
            var valueEvent = try next()
            defer { yaml_event_delete(&valueEvent) }
            try refuseTab(from: event.end_mark, to: valueEvent.start_mark)
            let value = try value(of: valueEvent, depth: depth + 1)
            if isMerge {
                try merge(value, into: &merged, keyMark)
            } else {
                members[try keyText(key, keyMark)] = value
            }
        }
        guard !merged.isEmpty else { return members }
        merged.update(with: members)
        return merged
    }

    /// libyaml takes a tab between a colon and its value, PyYAML does not.
    private func refuseTab(from keyEnd: yaml_mark_t, to valueStart: yaml_mark_t) throws(YAMLError) {
        guard keyEnd.line == valueStart.line else { return }
        let between = lines.offset(of: keyEnd)..<max(lines.offset(of: keyEnd), lines.offset(of: valueStart))
        guard source.bytes[between].contains(0x09) else { return }
        throw failure("found a tab that cannot start any token", keyEnd)
    }

    private func isMergeKey(_ event: yaml_event_t) -> Bool {
        guard event.type == YAML_SCALAR_EVENT, event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE else {
            return false
        }
        return text(event.data.scalar.value) == "<<"
    }

    /// Lays what a merge key gives under the mapping; of several, the first wins.
    private func merge(
        _ value: MetadataValue, into merged: inout MetadataObject, _ mark: yaml_mark_t
    ) throws(YAMLError) {
        for each in value.array ?? [value] {
            guard let object = each.object else { throw failure("a merge key wants mappings", mark) }
            for member in object.members where merged[member.key] == nil { merged[member.key] = member.value }
        }
    }

    /// JSON has keys of text only; a number or a boolean becomes the text that JSON gives it.
    private func keyText(_ key: MetadataValue, _ mark: yaml_mark_t) throws(YAMLError) -> ByteString {
        switch key.kind {
        case .string(let text): return text
        case .array, .object: throw failure("a key is a scalar", mark)
        default: return ByteString(JSONWriter.bytes(of: key))
        }
    }

    // MARK: Places and messages

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func provenance(_ mark: yaml_mark_t) -> Provenance {
        Provenance(source: source, offset: UInt32(lines.offset(of: mark)))
    }

    private func failure(_ reason: String, _ mark: yaml_mark_t) -> YAMLError {
        let position = TextPosition(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
        return YAMLError(source: source, position: position, reason: reason)
    }

    private func parserFailure() -> YAMLError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "cannot be read"
        guard parser.pointee.error == YAML_READER_ERROR else {
            return failure(problem, parser.pointee.problem_mark)
        }
        let offset = Int(parser.pointee.problem_offset)
        return YAMLError(
            source: source, position: TextPosition(of: offset, in: source.bytes), reason: problem)
    }
}

/// Where lines start, to find the offset of libyaml's marks, which count lines and characters.
private struct LineOffsets {
    private let bytes: [UInt8]
    private let starts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        for (index, byte) in bytes.enumerated() {
            let isLoneReturn = byte == 0x0D && !(index + 1 < bytes.count && bytes[index + 1] == 0x0A)
            if byte == 0x0A || isLoneReturn { starts.append(index + 1) }
        }
        self.starts = starts
    }

    func offset(of mark: yaml_mark_t) -> Int {
        guard mark.line < starts.count else { return bytes.count }
        var offset = starts[Int(mark.line)]
        var column = Int(mark.column)
        while column > 0, offset < bytes.count {
            offset += 1
            while offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset += 1 }
            column -= 1
        }
        return offset
    }
}
