// SPDX-License-Identifier: Apache-2.0

/// An immutable run of bytes: a string or a key of metadata, compared byte for byte.
///
/// Swift's `String` compares by canonical equivalence, so that two keys which differ in their bytes could be one;
/// metadata must not lose either. The bytes are UTF-8, with lone surrogates (which JSON escapes can spell) in
/// their three-byte form.
///
/// A value is a slice of the buffer it was read from: making one from a document copies nothing.
package struct ByteString: Sendable {
    private let storage: [UInt8]
    private let start: UInt32
    private let end: UInt32

    package init(_ bytes: [UInt8]) {
        storage = bytes
        start = 0
        end = UInt32(bytes.count)
    }

    package init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// The bytes of `storage` in `range`, sharing it.
    package init(slice storage: [UInt8], _ range: Range<Int>) {
        self.storage = storage
        start = UInt32(range.lowerBound)
        end = UInt32(range.upperBound)
    }

    package var count: Int { Int(end - start) }
    package var isEmpty: Bool { start == end }

    package subscript(index: Int) -> UInt8 { storage[Int(start) + index] }

    package var bytes: ArraySlice<UInt8> { storage[Int(start)..<Int(end)] }

    package func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        storage.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[Int(start)..<Int(end)])) }
    }

    /// The bytes as text; what is not UTF-8 (a lone surrogate) becomes U+FFFD.
    package var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    /// Whether the bytes hold a lone surrogate, which no UTF-8 text can.
    package var hasLoneSurrogate: Bool {
        withBytes { bytes in
            guard bytes.count >= 3 else { return false }
            for index in 0..<(bytes.count - 2) where bytes[index] == 0xED && bytes[index + 1] >= 0xA0 {
                return true
            }
            return false
        }
    }

    /// The parts between the bytes `separator`; always at least one.
    package func split(on separator: UInt8) -> [ByteString] {
        var parts: [ByteString] = []
        var from = Int(start)
        for index in Int(start)..<Int(end) where storage[index] == separator {
            parts.append(ByteString(slice: storage, from..<index))
            from = index + 1
        }
        parts.append(ByteString(slice: storage, from..<Int(end)))
        return parts
    }
}

extension ByteString: Hashable {
    package static func == (left: ByteString, right: ByteString) -> Bool {
        guard left.count == right.count else { return false }
        return left.withBytes { leftBytes in
            right.withBytes { rightBytes in leftBytes.elementsEqual(rightBytes) }
        }
    }

    package func hash(into hasher: inout Hasher) {
        withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension ByteString: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}

extension ByteString: CustomStringConvertible {
    package var description: String { text }
}
