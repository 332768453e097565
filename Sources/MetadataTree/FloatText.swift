// SPDX-License-Identifier: Apache-2.0

/// Floats as Python writes and reads them.
package enum FloatText {
    /// `repr` of Python: the shortest digits that read back as the same number, an exponent from 1e16 on and below
    /// 1e-4 (with two digits at the least), and `.0` behind what would look like an integer. Not a number and the
    /// infinities are as `json.dumps` has them.
    package static func python(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        let sign = value.sign == .minus ? "-" : ""
        let (digits, point) = shortest(value.magnitude)
        if point > 16 || point < -3 {
            let exponent = point - 1
            let mantissa = digits.count == 1 ? digits : "\(digits.prefix(1)).\(digits.dropFirst())"
            let padding = exponent.magnitude < 10 ? "0" : ""
            return "\(sign)\(mantissa)e\(exponent < 0 ? "-" : "+")\(padding)\(exponent.magnitude)"
        }
        if point <= 0 { return "\(sign)0.\(String(repeating: "0", count: -point))\(digits)" }
        if digits.count <= point {
            return "\(sign)\(digits)\(String(repeating: "0", count: point - digits.count)).0"
        }
        return "\(sign)\(digits.prefix(point)).\(digits.dropFirst(point))"
    }

    /// The shortest digits of `value`, and how many of them stand before the decimal point.
    private static func shortest(_ value: Double) -> (digits: String, point: Int) {
        guard value != 0 else { return ("0", 1) }
        let parts = value.description.split(separator: "e")
        let exponent = parts.count > 1 ? Int(parts[1])! : 0
        let mantissa = parts[0].split(separator: ".")
        let whole = mantissa[0] == "0" ? "" : mantissa[0]
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        var digits = Substring(whole + fraction)
        var point = whole.count + exponent
        while digits.first == "0" {
            digits.removeFirst()
            point -= 1
        }
        while digits.last == "0" { digits.removeLast() }
        return (String(digits), point)
    }

    /// The number that JSON's `text` spells; infinite where it is too large.
    package static func parse(_ text: ByteString) -> Double {
        // JSON's grammar is a part of what Swift reads, which is correctly rounded and knows no locale.
        Double(text.text) ?? .nan
    }
}
