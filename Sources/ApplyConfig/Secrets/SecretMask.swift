// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Mustache

/// Finds secrets by their values, in text whose origin is not known: what programs print.
///
/// A value is found as it is, as JSON writes it, in Base64, and line by line if it has several. Values shorter than three bytes are not
/// looked for: they would be found everywhere.
struct SecretMask {
    static let shortestValue = 3
    /// The lines of a longer value are looked for by themselves from this length on.
    private static let shortestLine = 8

    private struct Needle {
        let bytes: [UInt8]
        let key: String
    }

    /// A mask that is made when it is first wanted.
    final class Lazy {
        private let make: () -> SecretMask
        private(set) lazy var value = make()

        init(_ make: @escaping () -> SecretMask) {
            self.make = make
        }
    }

    /// By their first byte, the longest first.
    private var needles: [UInt8: [Needle]] = [:]

    /// - Parameter shortest: the length from which on values are looked for.
    init(_ secrets: [SecretKeys.Secret], shortest: Int = Self.shortestValue) {
        var known: Set<[UInt8]> = []
        for secret in secrets {
            for form in Self.forms(of: secret.value) where form.count >= shortest {
                guard known.insert(form).inserted else { continue }
                needles[form[0], default: []].append(Needle(bytes: form, key: secret.path.dotted))
            }
        }
        for first in needles.keys { needles[first]?.sort { $0.bytes.count > $1.bytes.count } }
    }

    var isEmpty: Bool { needles.isEmpty }

    private static func forms(of value: MetadataValue) -> [[UInt8]] {
        guard let string = value.string else { return [JSONWriter.bytes(of: value)] }
        let bytes = Array(string.bytes)
        let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }.map(Array.init)
        let json = Array(JSONWriter.bytes(of: value).dropFirst().dropLast())
        return [bytes, json, Base64.encoded(bytes)]
            + (lines.count > 1 || lines.first != bytes ? lines.filter { $0.count >= shortestLine } : [])
    }

    /// Where `bytes` hold a secret.
    func redactions(in bytes: [UInt8]) -> [Redaction] {
        guard !isEmpty else { return [] }
        var found: [Redaction] = []
        var index = 0
        while index < bytes.count {
            let hit = needles[bytes[index]]?.first { bytes[index...].starts(with: $0.bytes) }
            guard let hit else {
                index += 1
                continue
            }
            found.append(Redaction(range: index..<(index + hit.bytes.count), key: hit.key))
            index += hit.bytes.count
        }
        return found
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
