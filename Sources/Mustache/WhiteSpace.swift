// SPDX-License-Identifier: Apache-2.0

/// White space as Python's `str.isspace()` has it.
enum WhiteSpace {
    /// How many bytes the white space character at `index` has; nil when there is another character.
    static func length(in bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int? {
        switch bytes[index] {
        case 0x09...0x0D, 0x1C...0x20: 1
        case 0xC2: index + 1 < bytes.count && (bytes[index + 1] == 0x85 || bytes[index + 1] == 0xA0) ? 2 : nil
        case 0xE1, 0xE2, 0xE3: index + 2 < bytes.count && isThreeByte(bytes, index) ? 3 : nil
        default: nil
        }
    }

    private static func isThreeByte(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> Bool {
        switch (bytes[index], bytes[index + 1], bytes[index + 2]) {
        case (0xE1, 0x9A, 0x80): true  // U+1680
        case (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF): true  // U+2000...202F
        case (0xE2, 0x81, 0x9F): true  // U+205F
        case (0xE3, 0x80, 0x80): true  // U+3000
        default: false
        }
    }

    /// The words between white space.
    static func words(_ bytes: UnsafeBufferPointer<UInt8>, in range: Range<Int>) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var wordStart: Int?
        var index = range.lowerBound
        while index < range.upperBound {
            if let length = length(in: bytes, at: index) {
                if let start = wordStart { words.append(start..<index) }
                wordStart = nil
                index += length
            } else {
                wordStart = wordStart ?? index
                index += 1
            }
        }
        if let start = wordStart { words.append(start..<range.upperBound) }
        return words
    }
}
