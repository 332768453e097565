// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// Finds the tags of a template, left to right, in time linear in its length.
///
/// pystache finds them with one regular expression (blanks, opening delimiter, white space, then one of three
/// forms, white space, closing delimiter). Where that expression backtracks, this scanner knows what it would
/// settle for; the comments say which of its turns is meant.
struct TagScanner {
    enum Kind: UInt8 {
        case interpolation, comment, partial, close, section, inverted, delimiters
    }

    struct Tag {
        var kind: Kind
        /// Where the blanks before the opening delimiter start.
        var start: Int
        /// Where the opening delimiter starts.
        var opening: Int
        /// Just behind the closing delimiter.
        var end: Int
        var name: Range<Int>
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var openingDelimiter: [UInt8]
    private var closingDelimiter: [UInt8]

    /// Places already searched for, so that no stretch of text is searched twice for the same thing.
    private var nextChangeEnd = Remembered()
    private var nextRawEnd = Remembered()
    private var nextNewline = Remembered()
    private var nextClosing = Remembered()

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        openingDelimiter = Array("{{".utf8)
        closingDelimiter = Array("}}".utf8)
    }

    mutating func setDelimiters(_ opening: ArraySlice<UInt8>, _ closing: ArraySlice<UInt8>) {
        openingDelimiter = Array(opening)
        closingDelimiter = Array(closing)
        nextChangeEnd = Remembered()
        nextRawEnd = Remembered()
        nextClosing = Remembered()
    }

    /// The first tag at or behind `start`.
    mutating func next(from start: Int) -> Tag? {
        guard let opening = find(openingDelimiter, from: start) else { return nil }
        let inside = opening + openingDelimiter.count
        // With no closing delimiter behind the first character, no form matches, here or further on.
        guard closing(from: inside + 1) != nil else { return nil }

        var blanks = opening
        while blanks > start, bytes[blanks - 1] == 0x20 || bytes[blanks - 1] == 0x09 { blanks -= 1 }
        let content = skipSpace(inside)
        var tag =
            changeTag(at: content) ?? rawTag(at: content) ?? plainTag(at: content)
        tag.start = blanks
        tag.opening = opening
        return tag
    }

    // MARK: The three forms

    /// `= delimiters =`, all on one line.
    private mutating func changeTag(at content: Int) -> Tag? {
        bracketed(
            at: content, by: UInt8(ascii: "="), UInt8(ascii: "="), .delimiters, remembered: \.nextChangeEnd)
    }

    /// `{ name }`, all on one line.
    private mutating func rawTag(at content: Int) -> Tag? {
        bracketed(
            at: content, by: UInt8(ascii: "{"), UInt8(ascii: "}"), .interpolation, remembered: \.nextRawEnd)
    }

    private mutating func bracketed(
        at content: Int, by first: UInt8, _ last: UInt8, _ kind: Kind,
        remembered: WritableKeyPath<TagScanner, Remembered>
    ) -> Tag? {
        guard content < bytes.count, bytes[content] == first else { return nil }
        let inner = skipSpace(content + 1)
        if let (mark, end) = bracketEnd(from: inner + 1, last, remembered) {
            let nameEnd = max(inner + 1, trimSpace(mark, downTo: inner + 1))
            if newline(from: inner) >= nameEnd {
                return Tag(kind: kind, start: 0, opening: 0, end: end, name: inner..<nameEnd)
            }
        }
        // The white space in front gives one character back: `{{{ }}}` has the name " ".
        guard let (mark, end) = bracketEnd(from: inner, last, remembered), mark == inner else { return nil }
        var given = inner
        while given > content + 1 {
            let before = characterStart(before: given)
            if bytes[before] != 0x0A {
                return Tag(kind: kind, start: 0, opening: 0, end: end, name: before..<given)
            }
            given = before
        }
        return nil
    }

    /// `sigil name`, up to the first closing delimiter.
    private mutating func plainTag(at content: Int) -> Tag {
        let sigil = content < bytes.count ? Self.sigils[bytes[content]] : nil
        if let sigil {
            let key = skipSpace(content + 1)
            if let closing = closing(from: key + 1) { return named(sigil, key, closing) }
            // The white space gives one character back.
            if key > content + 1, hasClosingDelimiter(at: key) {
                return named(sigil, characterStart(before: key), key)
            }
            // Nothing behind the sigil: it is the name itself, `{{!}}`.
        }
        if let closing = closing(from: content + 1) { return named(.interpolation, content, closing) }
        // The only closing delimiter is what the white space in front leads to.
        return named(.interpolation, characterStart(before: content), content)
    }

    private func named(_ kind: Kind, _ key: Int, _ closing: Int) -> Tag {
        let nameEnd = max(trimSpace(closing, downTo: key), min(key + 1, closing))
        return Tag(
            kind: kind, start: 0, opening: 0, end: closing + closingDelimiter.count,
            name: key..<wholeCharacter(key, nameEnd))
    }

    /// A name of at least the whole character that starts at `key`.
    private func wholeCharacter(_ key: Int, _ end: Int) -> Int {
        guard end == key + 1 else { return end }
        return key + (UTF8Character.length(in: bytes, at: key) ?? 1)
    }

    private static let sigils: [UInt8: Kind] = [
        UInt8(ascii: "!"): .comment, UInt8(ascii: ">"): .partial, UInt8(ascii: "&"): .interpolation,
        UInt8(ascii: "/"): .close, UInt8(ascii: "#"): .section, UInt8(ascii: "^"): .inverted,
    ]

    // MARK: Searching

    /// A search's last answer: the first match at or behind `from` is `match` (nil: there is none).
    private struct Remembered {
        var from = -1
        var match: Int?
        var end = 0

        func answers(_ start: Int) -> Bool {
            from >= 0 && from <= start && (match.map { $0 >= start } ?? true)
        }
    }

    private mutating func closing(from start: Int) -> Int? {
        if !nextClosing.answers(start) {
            nextClosing = Remembered(from: start, match: find(closingDelimiter, from: start))
        }
        return nextClosing.match
    }

    /// The first newline at or behind `start`, or the end of the text.
    private mutating func newline(from start: Int) -> Int {
        if !nextNewline.answers(start) {
            nextNewline = Remembered(from: start, match: find([0x0A], from: start))
        }
        return nextNewline.match ?? bytes.count
    }

    /// The first `mark` at or behind `start` that only white space parts from a closing delimiter.
    private mutating func bracketEnd(
        from start: Int, _ mark: UInt8, _ remembered: WritableKeyPath<TagScanner, Remembered>
    ) -> (mark: Int, end: Int)? {
        if !self[keyPath: remembered].answers(start) {
            var search = Remembered(from: start)
            var index = start
            while index < bytes.count {
                if bytes[index] == mark {
                    let closing = skipSpace(index + 1)
                    if hasClosingDelimiter(at: closing) {
                        search.match = index
                        search.end = closing + closingDelimiter.count
                        break
                    }
                }
                index += 1
            }
            self[keyPath: remembered] = search
        }
        let found = self[keyPath: remembered]
        return found.match.map { ($0, found.end) }
    }

    private func hasClosingDelimiter(at index: Int) -> Bool {
        guard index + closingDelimiter.count <= bytes.count else { return false }
        for offset in closingDelimiter.indices where bytes[index + offset] != closingDelimiter[offset] {
            return false
        }
        return true
    }

    private func find(_ needle: [UInt8], from start: Int) -> Int? {
        let first = needle[0]
        var index = start
        let last = bytes.count - needle.count
        while index <= last {
            if bytes[index] == first, bytes[index..<(index + needle.count)].elementsEqual(needle) {
                return index
            }
            index += 1
        }
        return nil
    }

    // MARK: White space

    private func skipSpace(_ start: Int) -> Int {
        var index = start
        while index < bytes.count, let length = WhiteSpace.length(in: bytes, at: index) { index += length }
        return index
    }

    /// The end of what is left of the text before `end` without the white space it ends with.
    private func trimSpace(_ end: Int, downTo limit: Int) -> Int {
        var index = end
        while index > limit {
            let before = characterStart(before: index)
            guard before >= limit, WhiteSpace.length(in: bytes, at: before) == index - before else { break }
            index = before
        }
        return index
    }

    private func characterStart(before index: Int) -> Int {
        var start = index - 1
        while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }
}
