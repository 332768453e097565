// SPDX-License-Identifier: Apache-2.0

/// The bytes of one character in UTF-8 (RFC 3629).
package enum UTF8Character {
    /// How many bytes the character at `index` has; nil when it is not well-formed: overlong, a surrogate, beyond
    /// U+10FFFF, or cut short.
    package static func length(in bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int? {
        let first = bytes[index]
        guard first >= 0x80 else { return 1 }
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return nil
        }
        guard index + length <= bytes.count else { return nil }
        let second = bytes[index + 1]
        let seconds: ClosedRange<UInt8> =
            switch first {
            case 0xE0: 0xA0...0xBF
            case 0xED: 0x80...0x9F
            case 0xF0: 0x90...0xBF
            case 0xF4: 0x80...0x8F
            default: 0x80...0xBF
            }
        guard seconds.contains(second) else { return nil }
        for offset in 2..<max(length, 2) where bytes[index + offset] & 0xC0 != 0x80 { return nil }
        return length
    }

    /// The offset of the first byte that is not well-formed UTF-8, or nil.
    package static func firstInvalidOffset(in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBufferPointer { buffer in
            var index = 0
            while index < buffer.count {
                if buffer[index] < 0x80 {
                    index += 1
                    continue
                }
                guard let length = length(in: buffer, at: index) else { return index }
                index += length
            }
            return nil
        }
    }

    /// Appends `codePoint`, a surrogate too, in its UTF-8 form.
    package static func append(_ codePoint: UInt32, to bytes: inout [UInt8]) {
        switch codePoint {
        case 0..<0x80:
            bytes.append(UInt8(codePoint))
        case 0x80..<0x800:
            bytes.append(0xC0 | UInt8(codePoint >> 6))
            bytes.append(0x80 | UInt8(codePoint & 0x3F))
        case 0x800..<0x10000:
            bytes.append(0xE0 | UInt8(codePoint >> 12))
            bytes.append(0x80 | UInt8(codePoint >> 6 & 0x3F))
            bytes.append(0x80 | UInt8(codePoint & 0x3F))
        default:
            bytes.append(0xF0 | UInt8(codePoint >> 18))
            bytes.append(0x80 | UInt8(codePoint >> 12 & 0x3F))
            bytes.append(0x80 | UInt8(codePoint >> 6 & 0x3F))
            bytes.append(0x80 | UInt8(codePoint & 0x3F))
        }
    }

    /// The code point of the character of `length` bytes at `index`, well-formed or a surrogate.
    package static func codePoint(in bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> (
        UInt32, length: Int
    ) {
        let first = UInt32(bytes[index])
        func continuation(_ offset: Int) -> UInt32 { UInt32(bytes[index + offset]) & 0x3F }
        switch first {
        case 0..<0x80: return (first, 1)
        case 0x80..<0xE0: return ((first & 0x1F) << 6 | continuation(1), 2)
        case 0xE0..<0xF0: return ((first & 0x0F) << 12 | continuation(1) << 6 | continuation(2), 3)
        default:
            let high = (first & 0x07) << 18 | continuation(1) << 12
            return (high | continuation(2) << 6 | continuation(3), 4)
        }
    }
}
