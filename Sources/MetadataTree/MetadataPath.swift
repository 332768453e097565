// SPDX-License-Identifier: Apache-2.0

/// A dotted path into metadata, such as `mysql.users.0.name`: keys of objects and indices of lists.
///
/// A key that holds a dot cannot be reached; an empty part is the empty key.
package struct MetadataPath: Sendable, CustomStringConvertible {
    package let parts: [ByteString]

    package init(_ text: String) {
        parts = ByteString(text).split(on: UInt8(ascii: "."))
    }

    package var description: String { parts.map(\.text).joined(separator: ".") }
}

extension MetadataValue {
    /// The value at `path`, or nil when a part is missing, is null, or leads through a scalar.
    ///
    /// A list takes whatever Python's `int()` reads as an index: `-1` counts from the end.
    package func value(at path: MetadataPath) -> MetadataValue? {
        var value = self
        for part in path.parts {
            switch value.kind {
            case .object(let members):
                guard let member = members[part], !member.isNull else { return nil }
                value = member
            case .array(let elements):
                guard let place = MetadataPath.listIndex(part.text, count: elements.count),
                    !elements[place].isNull
                else { return nil }
                value = elements[place]
            default:
                return nil
            }
        }
        return value
    }
}

extension MetadataPath {
    /// The place in a list of `count` elements that a part of a path means; nil when there is none.
    package static func listIndex(_ text: String, count: Int) -> Int? {
        guard let index = integer(text) else { return nil }
        let place = index < 0 ? count + index : index
        return (0..<count).contains(place) ? place : nil
    }
}

/// The integer that Python's `int()` reads from `text`: blanks around, a sign, digits of any script, single
/// underscores between them.
private func integer(_ text: String) -> Int? {
    var scalars = Substring(text).unicodeScalars
    while let first = scalars.first, first.properties.isWhitespace { scalars.removeFirst() }
    while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
    let isNegative = scalars.first == "-"
    if isNegative || scalars.first == "+" { scalars.removeFirst() }
    var result = 0
    var isAfterDigit = false
    for scalar in scalars {
        if scalar == "_", isAfterDigit {
            isAfterDigit = false
            continue
        }
        guard scalar.properties.numericType == .decimal, let digit = scalar.properties.numericValue else {
            return nil
        }
        let (product, overflow) = result.multipliedReportingOverflow(by: 10)
        guard !overflow, product < Int.max - 9 else { return nil }
        result = product + Int(digit)
        isAfterDigit = true
    }
    guard isAfterDigit else { return nil }
    return isNegative ? -result : result
}
