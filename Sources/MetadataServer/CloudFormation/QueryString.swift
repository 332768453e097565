// SPDX-License-Identifier: Apache-2.0

/// The parameters of a query, decoded, in their order.
struct QueryString {
    /// Parameters beyond are not read: none of ours has as many.
    private static let limit = 200

    private(set) var items: [(name: String, value: String)]

    init(_ text: String) {
        items = text.split(separator: "&", maxSplits: Self.limit).prefix(Self.limit).map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    mutating func append(_ other: QueryString) { items += other.items }

    /// Without its percent signs; one that starts nothing stays.
    static func decoded(_ text: Substring, plusIsSpace: Bool = true) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            case UInt8(ascii: "%"):
                let digits = Array(rest.prefix(2))
                // A sign is no digit, though a number may have one.
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
                if digits.count == 2, digits[0] != UInt8(ascii: "+"), let value {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte)
                }
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
