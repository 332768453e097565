// SPDX-License-Identifier: Apache-2.0

/// A configuration file in the syntax of oslo.config: sections of `key = value` or `key: value` lines, where a line that
/// starts with a blank goes on with the value above it.
package struct INIFile: Sendable {
    package struct Entry: Sendable, Equatable {
        /// As written between the brackets.
        package let section: String
        package let key: String
        package let value: String
        package let line: Int
    }

    /// What keeps a text from being read, and on which line.
    package struct ParseError: Error, CustomStringConvertible {
        package let file: String
        package let line: Int
        package let reason: String
        package let text: String

        package var description: String {
            "Failed to parse \(file): at \(file):\(line), \(reason): '\(text)'"
        }
    }

    /// In the order of the file; a key may occur more than once.
    package private(set) var entries: [Entry] = []

    /// - Throws: `ParseError`.
    package init(_ text: String, name: String) throws(ParseError) {
        var section: String?
        var pending: (key: String, value: [String], line: Int)?
        var entries: [Entry] = []

        func finish() {
            guard let (key, value, line) = pending, let section else { return }
            let joined = value.joined(separator: "\n")
            entries.append(Entry(section: section, key: key, value: Self.unquoted(joined), line: line))
            pending = nil
        }

        for (place, raw) in Self.lines(text).enumerated() {
            let number = place + 1
            let line = raw.trimmingSuffix(while: \.isWhitespace)
            func failure(_ reason: String, _ text: Substring) -> ParseError {
                ParseError(file: name, line: number, reason: reason, text: Self.beginning(text))
            }
            guard let first = line.first else {
                finish()
                continue
            }
            if first == " " || first == "\t" {
                guard pending != nil else { throw failure("Unexpected continuation line", line) }
                pending?.value.append(String(line.drop(while: \.isWhitespace)))
                continue
            }
            finish()
            if first == "#" || first == ";" { continue }
            if first == "[" {
                guard line.last == "]" else { throw failure("Invalid section (must end with ])", line) }
                section = String(line.dropFirst().dropLast())
                guard section != "" else { throw failure("Empty section name", line) }
                continue
            }
            guard let separator = line.firstIndex(where: { $0 == ":" || $0 == "=" }) else {
                throw failure("No ':' or '=' found in assignment", line)
            }
            let key = Self.trimmed(line[..<separator])
            guard !key.isEmpty else { throw failure("Key cannot be empty", line) }
            guard section != nil else { throw failure("Section must be started before assignment", "") }
            pending = (key, [Self.trimmed(line[line.index(after: separator)...])], number)
        }
        finish()
        self.entries = entries
    }

    /// What of a line a message may show: its first word, since what follows may be a secret.
    private static func beginning(_ line: Substring) -> String {
        let start = line.drop(while: \.isWhitespace)
        return String(line[..<(start.firstIndex(where: \.isWhitespace) ?? line.endIndex)])
    }

    private static func lines(_ text: String) -> [Substring] {
        // "\r\n" is one Character to Swift, and both it and "\n" are newlines.
        var lines = Substring(text).split(omittingEmptySubsequences: false) {
            $0 == "\n" || $0 == "\r\n" || $0 == "\r"
        }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop(while: \.isWhitespace).trimmingSuffix(while: \.isWhitespace))
    }

    /// Without one pair of equal quotes around the whole; a lone double quote is nothing.
    private static func unquoted(_ value: String) -> String {
        guard let first = value.first, first == "\"" || first == "'", value.last == first else {
            return value
        }
        return String(value.dropFirst().dropLast())
    }
}

extension Substring {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
