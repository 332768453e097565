// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

extension Template {
    /// Parses a template as it is in its file: CR LF and lone CR become LF, as Python's text mode reads them.
    ///
    /// - Throws: `TemplateError`: not UTF-8, a section that is not closed or not opened, sections nested too deep, or
    ///   delimiters that are not two words.
    package static func parse(_ source: MetadataSource) throws(TemplateError) -> Template {
        try checkUTF8(source)
        return try parse(source, text: universalNewlines(source.bytes))
    }

    /// Parses a partial: its line ends stay as they are, and `indentation` goes before every line that is not empty.
    package static func parsePartial(
        _ source: MetadataSource, indentation: ByteString = ""
    ) throws(TemplateError) -> Template {
        try checkUTF8(source)
        return try parse(
            source, text: indented(source.bytes, by: indentation), indentation: indentation.count)
    }

    private static func checkUTF8(_ source: MetadataSource) throws(TemplateError) {
        guard let offset = UTF8Character.firstInvalidOffset(in: source.bytes) else { return }
        throw TemplateError(
            source: source, position: TextPosition(of: offset, in: source.bytes),
            reason: "byte 0x\(String(source.bytes[offset], radix: 16)) is not UTF-8")
    }

    private static func universalNewlines(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0x0D) else { return bytes }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0D {
                text.append(0x0A)
            } else if byte != 0x0A || index == 0 || bytes[index - 1] != 0x0D {
                text.append(byte)
            }
        }
        return text
    }

    private static func indented(_ bytes: [UInt8], by indentation: ByteString) -> [UInt8] {
        guard !indentation.isEmpty else { return bytes }
        var text: [UInt8] = []
        var isLineStart = true
        for byte in bytes {
            if isLineStart, byte != 0x0A { text.append(contentsOf: indentation.bytes) }
            text.append(byte)
            isLineStart = byte == 0x0A
        }
        return text
    }

    /// What keeps a template from being parsed, a hundred errors at the most, in the order of the text; none where it can be.
    package static func errors(in source: MetadataSource) -> [TemplateError] {
        do throws(TemplateError) {
            try checkUTF8(source)
        } catch {
            return [error]
        }
        let text = universalNewlines(source.bytes)
        return text.withUnsafeBufferPointer { bytes in
            var parser = TemplateParser(source: source, text: text, indentation: 0, bytes: bytes)
            parser.parse(errorLimit: 100)
            return parser.errors.sorted {
                ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column)
            }
        }
    }

    private static func parse(_ source: MetadataSource, text: [UInt8], indentation: Int = 0)
        throws(TemplateError) -> Template
    {
        let result: Result<[Instruction], TemplateError> = text.withUnsafeBufferPointer { bytes in
            var parser = TemplateParser(
                source: source, text: text, indentation: indentation, bytes: bytes)
            parser.parse(errorLimit: 1)
            return parser.errors.first.map { .failure($0) } ?? .success(parser.program)
        }
        return Template(
            source: source, program: try result.get(), text: text, lines: TextLines(text),
            indentation: indentation)
    }
}

private struct TemplateParser {
    let source: MetadataSource
    let text: [UInt8]
    let indentation: Int
    let lines: TextLines
    let bytes: UnsafeBufferPointer<UInt8>

    private var scanner: TagScanner
    private(set) var program: [Template.Instruction] = []
    /// In the order in which they were found.
    private(set) var errors: [TemplateError] = []
    private var open: [OpenSection] = []

    private struct OpenSection {
        let place: Int
        let kind: TagScanner.Kind
        let name: ByteString
        let offset: Int
    }

    init(
        source: MetadataSource, text: [UInt8], indentation: Int, bytes: UnsafeBufferPointer<UInt8>
    ) {
        self.source = source
        self.text = text
        self.indentation = indentation
        lines = TextLines(text)
        self.bytes = bytes
        scanner = TagScanner(bytes)
    }

    /// Reads on past what is wrong, until there are `errorLimit` errors.
    mutating func parse(errorLimit: Int) {
        var index = 0
        while errors.count < errorLimit, let tag = scanner.next(from: index) {
            let isStandalone = isStandalone(tag)
            appendLiteral(index..<(isStandalone ? tag.start : tag.opening))
            index = isStandalone ? endOfLine(tag.end) : tag.end
            append(tag, indentation: isStandalone ? tag.start..<tag.opening : tag.opening..<tag.opening)
        }
        for section in open.reversed() where errors.count < errorLimit { note(unclosed: section) }
        appendLiteral(index..<bytes.count)
    }

    /// Whether the tag has its line for itself: such a line leaves nothing behind. Blanks behind the tag keep it from
    /// being so, as in pystache.
    private func isStandalone(_ tag: TagScanner.Tag) -> Bool {
        guard tag.kind != .interpolation else { return false }
        let beginsLine = tag.start == 0 || isLineEnd(tag.start - 1)
        return beginsLine && (tag.end == bytes.count || isLineEnd(tag.end))
    }

    private func isLineEnd(_ index: Int) -> Bool { bytes[index] == 0x0A || bytes[index] == 0x0D }

    private func endOfLine(_ index: Int) -> Int {
        var end = index
        if end < bytes.count, bytes[end] == 0x0D { end += 1 }
        if end < bytes.count, bytes[end] == 0x0A { end += 1 }
        return end
    }

    private mutating func appendLiteral(_ range: Range<Int>) {
        if !range.isEmpty { program.append(.literal(range)) }
    }

    private mutating func append(_ tag: TagScanner.Tag, indentation: Range<Int>) {
        let name = ByteString(slice: text, tag.name)
        switch tag.kind {
        case .comment: break
        case .interpolation: program.append(.interpolation(Template.Name(name), offset: tag.opening))
        case .partial:
            let indentation = ByteString(slice: text, indentation)
            program.append(.partial(name, indentation: indentation, offset: tag.opening))
        case .delimiters: changeDelimiters(tag)
        case .section, .inverted: openSection(tag, name)
        case .close: closeSection(tag, name)
        }
    }

    private mutating func changeDelimiters(_ tag: TagScanner.Tag) {
        let words = WhiteSpace.words(bytes, in: tag.name)
        guard words.count >= 2 else {
            return note("a change of delimiters wants two, as in {{=<% %>=}}", at: tag.opening)
        }
        scanner.setDelimiters(text[words[0]], text[words[1]])
    }

    private mutating func openSection(_ tag: TagScanner.Tag, _ name: ByteString) {
        if open.count == Template.sectionLimit {
            note("sections are nested deeper than \(Template.sectionLimit) levels", at: tag.opening)
        }
        open.append(OpenSection(place: program.count, kind: tag.kind, name: name, offset: tag.opening))
        // The end is known when the section is closed.
        program.append(.section(Template.Name(name), end: 0, offset: tag.opening))
    }

    private mutating func closeSection(_ tag: TagScanner.Tag, _ name: ByteString) {
        guard let section = open.last else {
            return note("{{/\(name)}} closes no section", at: tag.opening)
        }
        guard section.name == name else {
            note(
                "{{/\(name)}} does not close the section {{\(sigil(section.kind))\(section.name)}} of \(position(of: section.offset))",
                at: tag.opening)
            // Where it closes one further out, those in between are taken for closed: one error is enough.
            guard let place = open.lastIndex(where: { $0.name == name }) else { return }
            open.removeSubrange(place...)
            return
        }
        open.removeLast()
        let end = program.count
        program[section.place] =
            section.kind == .inverted
            ? .inverted(Template.Name(name), end: end, offset: section.offset)
            : .section(Template.Name(name), end: end, offset: section.offset)
    }

    private mutating func note(unclosed section: OpenSection) {
        note("section {{\(sigil(section.kind))\(section.name)}} is not closed", at: section.offset)
    }

    private func sigil(_ kind: TagScanner.Kind) -> String { kind == .inverted ? "^" : "#" }

    private func position(of offset: Int) -> TextPosition {
        Template.position(of: offset, in: lines, indentation: indentation)
    }

    private mutating func note(_ reason: String, at offset: Int) {
        errors.append(TemplateError(source: source, position: position(of: offset), reason: reason))
    }
}
