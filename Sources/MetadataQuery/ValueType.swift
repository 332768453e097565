// SPDX-License-Identifier: Apache-2.0

import HostSystem
package import MetadataTree

/// What `--type` asks of a value.
package enum ValueType: String, CaseIterable {
    case int
    case `default`
    case netaddress
    case netdevice
    case dsn
    case swiftdevices
    case username
    case raw

    /// The extended regular expression that a value's text must match as a whole.
    ///
    /// As in the original, the class of `swiftdevices` is the range from `.` to `_`.
    private var pattern: String? {
        switch self {
        case .int: "^[0-9]+$"
        case .default: "^[A-Za-z0-9_]*$"
        case .netaddress, .netdevice: "^[A-Za-z0-9/.:-]*$"
        case .username: "^[A-Za-z0-9_-]+$"
        case .dsn:
            "^[a-zA-Z0-9]+://([a-zA-Z0-9+_-]+(:[^@]+)?)?(@?[a-zA-Z0-9/_.-]+)?(/[a-zA-Z0-9_-]+)?"
                + "([?][a-zA-Z0-9=_-]+)?$"
        case .swiftdevices: "^(r[0-9]+z[0-9]+-[A-Za-z0-9.-_]+:%PORT%/[^,]+,?)+$"
        case .raw: nil
        }
    }

    /// What the originals should have asked for: a sign is an integer's, an address is not empty, a device may have `_`
    /// and `@`, and the class of `swiftdevices` is the characters it names.
    private var strictPattern: String? {
        switch self {
        case .int: "^[+-]?[0-9]+$"
        case .netaddress: "^[A-Za-z0-9:.-]+(/[0-9]+)?$"
        case .netdevice: "^[A-Za-z0-9_.:@-]+$"
        case .swiftdevices: "^(r[0-9]+z[0-9]+-[A-Za-z0-9._-]+:%PORT%/[^,]+,?)+$"
        default: pattern
        }
    }

    /// - Throws: `MetadataQueryError` when `value`, which is that of `key`, is not of this type.
    package func check(_ value: MetadataValue, of key: String, isStrict: Bool) throws {
        guard let pattern = isStrict ? strictPattern : pattern else { return }
        guard let text = checkedText(of: value), !text.contains(0x0A),
            try ExtendedExpression(pattern).matches(text)
        else {
            // Not the value itself: it may be a secret, and root's log can be read by everybody.
            throw MetadataQueryError("cannot interpret the value of \(key) as type \(rawValue)")
        }
    }

    /// What the pattern is held against: Python's `str` of the value. Lists and objects match no pattern.
    private func checkedText(of value: MetadataValue) -> [UInt8]? {
        switch value.kind {
        case .array, .object: nil
        case .boolean(let value): Array((value ? "True" : "False").utf8)
        case .string(let string) where self == .swiftdevices: Self.withPlainDigits(string)
        default: PythonText.bytes(of: value)
        }
    }

    /// Digits of any script as ASCII's where a region or zone is numbered: there the original takes them all.
    private static func withPlainDigits(_ string: ByteString) -> [UInt8] {
        var isNumbering = false
        var text = ""
        for scalar in string.text.unicodeScalars {
            let isDigit = scalar.properties.numericType == .decimal
            text.unicodeScalars.append(isNumbering && isDigit ? "0" : scalar)
            isNumbering = scalar == "r" || scalar == "z" || (isNumbering && isDigit)
        }
        return Array(text.utf8)
    }
}

/// A value as Python's `print` shows it.
enum PythonText {
    static func bytes(of value: MetadataValue) -> [UInt8] {
        switch value.kind {
        case .string(let string): Array(string.bytes)
        case .float(let number) where number.isNaN: Array("nan".utf8)
        case .float(let number) where number.isInfinite: Array((number < 0 ? "-inf" : "inf").utf8)
        default: JSONWriter.bytes(of: value)
        }
    }
}
