// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// What a scalar is, by the rules of YAML 1.1 that PyYAML's resolver has.
enum YAMLScalar {
    /// The value of a scalar; nil when it does not fit its tag, or the tag is not known.
    static func resolve(_ bytes: [UInt8], isPlain: Bool, tag: String?) -> MetadataValue.Kind? {
        let string = MetadataValue.Kind.string(ByteString(bytes))
        let text = String(decoding: bytes, as: UTF8.self)
        guard let tag else { return isPlain ? plain(text) ?? string : string }
        switch tag {
        case "tag:yaml.org,2002:str": return string
        case "tag:yaml.org,2002:int": return integer(text)
        case "tag:yaml.org,2002:float": return float(text) ?? integer(text).flatMap(asFloat)
        case "tag:yaml.org,2002:bool": return boolean(text)
        case "tag:yaml.org,2002:null": return .null
        default: return nil
        }
    }

    private static func plain(_ text: String) -> MetadataValue.Kind? {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"):
            if ["~", "null", "Null", "NULL"].contains(text) { return .null }
            return boolean(text)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            return integer(text) ?? float(text)
        default:
            return boolean(text)
        }
    }

    private static func boolean(_ text: String) -> MetadataValue.Kind? {
        switch text {
        case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": .boolean(true)
        case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": .boolean(false)
        default: nil
        }
    }

    // MARK: Numbers

    /// `0b…`, `0…` (octal), decimal, `0x…` and sexagesimal integers, with `_` anywhere behind the first digit.
    private static func integer(_ text: String) -> MetadataValue.Kind? {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        guard let first = rest.first, first.isASCII, first.isNumber else { return nil }
        if rest.contains(":") { return sexagesimal(rest, isNegative) }
        let digits = rest.filter { $0 != "_" }
        if digits.hasPrefix("0b") { return whole(digits.dropFirst(2), radix: 2, isNegative) }
        if digits.hasPrefix("0x") { return whole(digits.dropFirst(2), radix: 16, isNegative) }
        if digits.hasPrefix("0"), digits.count > 1 { return whole(digits.dropFirst(), radix: 8, isNegative) }
        return whole(Substring(digits), radix: 10, isNegative)
    }

    private static func whole(_ digits: Substring, radix: Int, _ isNegative: Bool) -> MetadataValue.Kind? {
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isHexDigit && $0.hexDigitValue! < radix })
        else { return nil }
        if let value = Int64((isNegative ? "-" : "") + digits, radix: radix) { return .integer(value) }
        guard radix == 10 else { return nil }
        return .bigInteger(ByteString((isNegative ? "-" : "") + digits))
    }

    /// `1:30`: digits in base sixty.
    private static func sexagesimal(_ text: Substring, _ isNegative: Bool) -> MetadataValue.Kind? {
        guard let first = text.first, first != "0" else { return nil }
        var value: Int64 = 0
        for (place, part) in text.split(separator: ":", omittingEmptySubsequences: false).enumerated() {
            let digits = place == 0 ? part.filter { $0 != "_" } : String(part)
            guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int64(digits) else {
                return nil
            }
            guard place == 0 || (number < 60 && digits.count <= 2) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 60)
            guard !overflow, product <= Int64.max - number else { return nil }
            value = product + number
        }
        return .integer(isNegative ? -value : value)
    }

    /// A float has a point, and an exponent only with a sign; sexagesimal ones are not taken.
    private static func float(_ text: String) -> MetadataValue.Kind? {
        switch text.drop(while: { $0 == "-" || $0 == "+" }) {
        case ".inf", ".Inf", ".INF": return .float(text.hasPrefix("-") ? -.infinity : .infinity)
        case ".nan", ".NaN", ".NAN": return text.hasPrefix(".") ? .float(.nan) : nil
        default: break
        }
        guard text.contains("."), !text.contains("x"), !text.contains("p"), !text.contains(":") else {
            return nil
        }
        let digits = text.filter { $0 != "_" }
        if let mark = digits.firstIndex(where: { $0 == "e" || $0 == "E" }) {
            guard let sign = digits[mark...].dropFirst().first, sign == "-" || sign == "+" else { return nil }
        }
        guard digits.contains(where: \.isNumber), !digits.lowercased().contains("n") else { return nil }
        return Double(digits.hasSuffix(".") ? digits + "0" : digits).map { .float($0) }
    }

    private static func asFloat(_ kind: MetadataValue.Kind) -> MetadataValue.Kind? {
        guard case .integer(let value) = kind else { return nil }
        return .float(Double(value))
    }
}
