// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import MetadataQuery
import MetadataTree
import Mustache

/// Finds secrets by their values, in text whose origin is not known: what programs print, and what is on disk.
///
/// A value is found as it is, as JSON, XML, a shell or a URL writes it, in Base64, and line by line if it has several. Values
/// shorter than three bytes are not looked for: they would be found everywhere.
struct SecretMask {
    static let shortestValue = 3
    /// The lines of a longer value are looked for by themselves from this length on.
    private static let shortestLine = 8

    /// A mask that is made when it is first wanted.
    final class Lazy {
        private let make: () -> SecretMask
        private(set) lazy var value = make()

        init(_ make: @escaping () -> SecretMask) {
            self.make = make
        }
    }

    /// The keys of the values of one length.
    private struct Group {
        let length: Int
        var keys: [ArraySlice<UInt8>: String] = [:]
    }

    /// The longest first.
    private var groups: [Group] = []
    /// The first bytes of all values: where none of them stands, nothing is looked up.
    private var beginnings: Set<UInt32> = []

    /// - Parameter shortest: the length from which on values are looked for.
    init(_ secrets: [SecretKeys.Secret], shortest: Int = Self.shortestValue) {
        var known: [Int: Group] = [:]
        for secret in secrets {
            for form in Self.forms(of: secret.value) where form.count >= shortest {
                let first = known[form.count]?.keys[form[...]] ?? secret.path.dotted
                known[form.count, default: Group(length: form.count)].keys[form[...]] = first
                beginnings.insert(Self.beginning(form, 0))
            }
        }
        groups = known.values.sorted { $0.length > $1.length }
    }

    var isEmpty: Bool { groups.isEmpty }

    private static func beginning(_ bytes: [UInt8], _ index: Int) -> UInt32 {
        UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
    }

    private static func forms(of value: MetadataValue) -> [[UInt8]] {
        guard let string = value.string else { return [JSONWriter.bytes(of: value)] }
        let bytes = Array(string.bytes)
        let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }.map(Array.init)
        let json = Array(JSONWriter.bytes(of: value).dropFirst().dropLast())
        let rawJSON = Array(Printable.json(string.text).utf8.dropFirst().dropLast())
        let others = [
            json, rawJSON, replaced(rawJSON, "/", by: "\\/"), Base64.encoded(bytes),
            percentEncoded(bytes, uppercase: true), percentEncoded(bytes, uppercase: false),
            replaced(bytes, "'", by: "'\\''"), Array(Printable.xml(string.text).utf8),
        ]
        let longLines =
            lines.count > 1 || lines.first != bytes ? lines.filter { $0.count >= shortestLine } : []
        return [bytes] + others.filter { $0 != bytes } + longLines
    }

    private static func replaced(_ bytes: [UInt8], _ byte: Unicode.Scalar, by text: String) -> [UInt8] {
        bytes.flatMap { $0 == UInt8(ascii: byte) ? Array(text.utf8) : [$0] }
    }

    /// RFC 3986: all but letters, digits, `-`, `.`, `_` and `~`.
    private static func percentEncoded(_ bytes: [UInt8], uppercase: Bool) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return [byte]
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): return [byte]
            default:
                let digits = String(byte, radix: 16, uppercase: uppercase)
                return Array(("%" + (digits.count < 2 ? "0" : "") + digits).utf8)
            }
        }
    }

    /// Where `bytes` hold a secret; secrets that overlap are one place.
    func redactions(in bytes: [UInt8]) -> [Redaction] {
        guard !isEmpty else { return [] }
        var found: [Redaction] = []
        for index in bytes.indices.dropLast(Self.shortestValue - 1) {
            guard beginnings.contains(Self.beginning(bytes, index)), let hit = hit(bytes, index) else {
                continue
            }
            if let last = found.last, last.range.upperBound > index {
                let end = max(last.range.upperBound, hit.range.upperBound)
                found[found.count - 1] = Redaction(range: last.range.lowerBound..<end, key: last.key)
            } else {
                found.append(hit)
            }
        }
        return found
    }

    /// The longest value that starts at `index`.
    private func hit(_ bytes: [UInt8], _ index: Int) -> Redaction? {
        for group in groups where index + group.length <= bytes.count {
            let range = index..<(index + group.length)
            if let key = group.keys[bytes[range]] { return Redaction(range: range, key: key) }
        }
        return nil
    }

    /// `text` with every secret replaced by the name of its key.
    func masked(_ text: some Sequence<UInt8>) -> String {
        let bytes = Array(text)
        return RedactedText(bytes: bytes, redactions: redactions(in: bytes)).text(of: bytes.indices)
    }
}

/// RFC 4648, with padding.
private enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encoded(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
            for place in 0..<4 {
                text.append(
                    place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return text
    }
}
