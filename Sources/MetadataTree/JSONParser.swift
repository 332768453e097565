// SPDX-License-Identifier: Apache-2.0

/// What keeps a text from being JSON, and where.
package struct JSONError: Error, CustomStringConvertible {
    package let document: String
    package let position: TextPosition
    package let reason: String

    package var description: String { "\(document):\(position): \(reason)" }
}

/// Reads RFC 8259 JSON and what Python's `json` module takes beyond it: `NaN`, `Infinity`, `-Infinity`, escapes of
/// lone surrogates, and duplicate keys (the last value wins and keeps the first place).
///
/// Strings without escapes are slices of the document, so a large document is held once.
package struct JSONParser {
    /// How deep arrays and objects may be nested.
    package static let depthLimit = 512
    /// How many digits an integer may have: Python's own limit.
    package static let digitLimit = 4300

    private let source: MetadataSource
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0
    private let valueLimit: Int
    private var values = 0

    /// The value in `source`.
    ///
    /// - Parameter valueLimit: how many values it may have in all: each takes some hundred bytes, however short it is written.
    /// - Throws: `JSONError`, with the position of what cannot be read.
    package static func parse(_ source: MetadataSource, valueLimit: Int = .max) throws(JSONError)
        -> MetadataValue
    {
        let result: Result<MetadataValue, JSONError> = source.bytes.withUnsafeBufferPointer { bytes in
            var parser = JSONParser(source: source, bytes: bytes, valueLimit: valueLimit)
            do throws(JSONError) {
                return .success(try parser.document())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    package static func parse(_ bytes: [UInt8], name: String, valueLimit: Int = .max) throws(JSONError)
        -> MetadataValue
    {
        try parse(MetadataSource(name: name, bytes: bytes), valueLimit: valueLimit)
    }

    private init(source: MetadataSource, bytes: UnsafeBufferPointer<UInt8>, valueLimit: Int) {
        self.source = source
        self.bytes = bytes
        self.valueLimit = valueLimit
    }

    private mutating func document() throws(JSONError) -> MetadataValue {
        guard bytes.count < UInt32.max else { throw failure("the document is 4 GiB or more") }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw failure("unexpected byte order mark") }
        let value = try self.value(depth: 0)
        skipBlanks()
        guard index == bytes.count else { throw failure("unexpected \(found) after the document") }
        return value
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(JSONError) -> MetadataValue {
        skipBlanks()
        let start = index
        guard index < bytes.count else { throw failure("unexpected end of the document, expected a value") }
        values += 1
        guard values <= valueLimit else { throw failure("the document has more than \(valueLimit) values") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return made(try object(depth: depth + 1), start)
        case UInt8(ascii: "["): return made(try array(depth: depth + 1), start)
        case UInt8(ascii: "\""): return made(.string(try string()), start)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return made(try number(), start)
        case UInt8(ascii: "t") where take("true"): return made(.boolean(true), start)
        case UInt8(ascii: "f") where take("false"): return made(.boolean(false), start)
        case UInt8(ascii: "n") where take("null"): return made(.null, start)
        case UInt8(ascii: "N") where take("NaN"): return made(.float(.nan), start)
        case UInt8(ascii: "I") where take("Infinity"): return made(.float(.infinity), start)
        default: throw failure("unexpected \(found), expected a value")
        }
    }

    private func made(_ kind: MetadataValue.Kind, _ start: Int) -> MetadataValue {
        MetadataValue(kind, from: Provenance(source: source, offset: UInt32(start)))
    }

    private mutating func object(depth: Int) throws(JSONError) -> MetadataValue.Kind {
        guard depth <= Self.depthLimit else { throw failure("nested deeper than \(Self.depthLimit) levels") }
        index += 1
        var members = MetadataObject()
        skipBlanks()
        if takeByte(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipBlanks()
            guard peek == UInt8(ascii: "\"") else {
                throw failure("unexpected \(found), expected a key in double quotes")
            }
            let key = try string()
            skipBlanks()
            guard takeByte(UInt8(ascii: ":")) else {
                throw failure("unexpected \(found), expected ':' after the key")
            }
            members[key] = try value(depth: depth)
            skipBlanks()
            if takeByte(UInt8(ascii: ",")) { continue }
            if takeByte(UInt8(ascii: "}")) { return .object(members) }
            throw failure("unexpected \(found), expected ',' or '}'")
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> MetadataValue.Kind {
        guard depth <= Self.depthLimit else { throw failure("nested deeper than \(Self.depthLimit) levels") }
        index += 1
        var elements: [MetadataValue] = []
        skipBlanks()
        if takeByte(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value(depth: depth))
            skipBlanks()
            if takeByte(UInt8(ascii: ",")) { continue }
            if takeByte(UInt8(ascii: "]")) { return .array(elements) }
            throw failure("unexpected \(found), expected ',' or ']'")
        }
    }

    // MARK: Scanning

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipBlanks() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private mutating func takeByte(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    private mutating func take(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard bytes.count - index >= length else { return false }
        for offset in 0..<length where bytes[index + offset] != word.utf8Start[offset] { return false }
        index += length
        return true
    }

    /// What stands at the current place, for a message.
    private var found: String {
        guard let byte = peek else { return "end of the document" }
        guard byte >= 0x20, byte < 0x7F else {
            let text = String(decoding: bytes[index..<min(index + 4, bytes.count)], as: UTF8.self)
            guard byte >= 0x80, let scalar = text.unicodeScalars.first, scalar != "\u{FFFD}" else {
                return "byte 0x\(String(byte, radix: 16))"
            }
            return "'\(scalar)'"
        }
        return "'\(Character(UnicodeScalar(byte)))'"
    }

    private func failure(_ reason: String, at offset: Int? = nil) -> JSONError {
        JSONError(
            document: source.name, position: TextPosition(of: offset ?? index, in: source.bytes),
            reason: reason)
    }
}

// MARK: - Strings

extension JSONParser {
    /// The string that starts at the current place, which holds its opening quote.
    private mutating func string() throws(JSONError) -> ByteString {
        let opening = index
        index += 1
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                let slice = ByteString(slice: source.bytes, start..<index)
                index += 1
                return slice
            case UInt8(ascii: "\\"):
                return try escapedString(from: start, opening: opening)
            case 0x00..<0x20:
                throw controlCharacter()
            case 0x80...:
                try skipCharacter()
            default:
                index += 1
            }
        }
        throw failure("the string that starts here never ends", at: opening)
    }

    private mutating func escapedString(from start: Int, opening: Int) throws(JSONError) -> ByteString {
        var decoded = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return ByteString(decoded)
            case UInt8(ascii: "\\"):
                try escape(into: &decoded)
            case 0x00..<0x20:
                throw controlCharacter()
            case 0x80...:
                let character = index
                try skipCharacter()
                decoded.append(contentsOf: bytes[character..<index])
            default:
                decoded.append(byte)
                index += 1
            }
        }
        throw failure("the string that starts here never ends", at: opening)
    }

    private func controlCharacter() -> JSONError {
        failure("control character 0x\(String(bytes[index], radix: 16)) in a string, write it as an escape")
    }

    /// Steps over one character of two bytes or more.
    private mutating func skipCharacter() throws(JSONError) {
        guard let length = UTF8Character.length(in: bytes, at: index) else {
            throw failure("byte 0x\(String(bytes[index], radix: 16)) is not UTF-8")
        }
        index += length
    }

    private mutating func escape(into decoded: inout [UInt8]) throws(JSONError) {
        let start = index
        index += 1
        guard let byte = peek else { throw failure("unfinished escape", at: start) }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            guard let unit = hexUnit() else { throw failure("\\u wants four hexadecimal digits", at: start) }
            UTF8Character.append(pairedWithNext(unit), to: &decoded)
        default: throw failure("unknown escape", at: start)
        }
    }

    /// The code point of `high` and the escaped low surrogate that follows it, or `high` alone.
    private mutating func pairedWithNext(_ high: UInt32) -> UInt32 {
        guard (0xD800..<0xDC00).contains(high), peek == UInt8(ascii: "\\"), index + 1 < bytes.count,
            bytes[index + 1] == UInt8(ascii: "u")
        else { return high }
        let start = index
        index += 2
        guard let low = hexUnit(), (0xDC00..<0xE000).contains(low) else {
            index = start
            return high
        }
        return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
    }

    private mutating func hexUnit() -> UInt32? {
        guard index + 4 <= bytes.count else { return nil }
        var unit: UInt32 = 0
        for offset in 0..<4 {
            guard let digit = Character(UnicodeScalar(bytes[index + offset])).hexDigitValue else {
                return nil
            }
            unit = unit << 4 | UInt32(digit)
        }
        index += 4
        return unit
    }
}

// MARK: - Numbers

extension JSONParser {
    private mutating func number() throws(JSONError) -> MetadataValue.Kind {
        let start = index
        let isNegative = takeByte(UInt8(ascii: "-"))
        if isNegative, peek == UInt8(ascii: "I"), take("Infinity") { return .float(-.infinity) }
        let digits = index
        skipDigits()
        if index == digits { throw failure("unexpected \(found), expected a digit after '-'") }
        if bytes[digits] == UInt8(ascii: "0"), index > digits + 1 {
            throw failure("a number does not start with a zero", at: digits)
        }
        let isInteger = !takeFractionAndExponent()
        let text = ByteString(slice: source.bytes, start..<index)
        guard isInteger else { return .float(FloatText.parse(text)) }
        if index - digits > Self.digitLimit {
            throw failure("an integer of more than \(Self.digitLimit) digits", at: start)
        }
        if index - digits < 19 { return .integer(smallInteger(digits, isNegative)) }
        return Int64(text.text).map { .integer($0) } ?? .bigInteger(text)
    }

    private func smallInteger(_ digits: Int, _ isNegative: Bool) -> Int64 {
        var value: Int64 = 0
        for place in digits..<index { value = value * 10 + Int64(bytes[place] - UInt8(ascii: "0")) }
        return isNegative ? -value : value
    }

    private mutating func skipDigits() {
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) {
            index += 1
        }
    }

    /// Takes `.digits` and `e[+-]digits` where they are whole; what is not stays for the caller to refuse.
    private mutating func takeFractionAndExponent() -> Bool {
        let start = index
        if takeByte(UInt8(ascii: ".")) {
            let digits = index
            skipDigits()
            if index == digits { index = start }
        }
        let mantissa = index
        if takeByte(UInt8(ascii: "e")) || takeByte(UInt8(ascii: "E")) {
            if !takeByte(UInt8(ascii: "+")) { _ = takeByte(UInt8(ascii: "-")) }
            let digits = index
            skipDigits()
            if index == digits { index = mantissa }
        }
        return index > start
    }
}
