// SPDX-License-Identifier: Apache-2.0

/// The number that a name starts with, as `sort -n` reads it: blanks, `-`, digits, a point, digits; none is zero. Of any
/// length.
struct LeadingNumber: Comparable {
    private let isNegative: Bool
    private let whole: [UInt8]
    private let fraction: [UInt8]

    init(_ text: String) {
        var rest = Substring(text).utf8.drop { $0 == 0x20 || $0 == 0x09 }
        let hasMinus = rest.first == UInt8(ascii: "-")
        if hasMinus { rest = rest.dropFirst() }
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        whole = Array(rest.prefix(while: isDigit).drop { $0 == 0x30 })
        rest = rest.drop(while: isDigit)
        var decimals: [UInt8] = []
        if rest.first == UInt8(ascii: ".") { decimals = Array(rest.dropFirst().prefix(while: isDigit)) }
        while decimals.last == 0x30 { decimals.removeLast() }
        fraction = decimals
        isNegative = hasMinus && !(whole.isEmpty && fraction.isEmpty)
    }

    static func < (left: LeadingNumber, right: LeadingNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    private func isSmaller(than other: LeadingNumber) -> Bool {
        if whole.count != other.whole.count { return whole.count < other.whole.count }
        if whole != other.whole { return whole.lexicographicallyPrecedes(other.whole) }
        return fraction.lexicographicallyPrecedes(other.fraction)
    }
}
