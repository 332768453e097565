// SPDX-License-Identifier: Apache-2.0

import MetadataQuery
import MetadataTree
import Mustache

/// Finds what of a rendered file is secret.
struct Redactor {
    let keys: SecretKeys
    /// Finds all secrets of the metadata.
    let mask: SecretMask
    /// Finds those that are long enough to be no accident in the values of other keys: a password in a URL.
    let longMask: SecretMask

    private static let longEnough = 4

    /// A redactor that is made when it is first wanted.
    final class Lazy {
        private let make: () -> Redactor
        private(set) lazy var value = make()

        init(_ make: @escaping () -> Redactor) {
            self.make = make
        }
    }

    /// - Parameter documents: all metadata, before it was merged: what was overridden is secret too.
    init(keys: SecretKeys, documents: [MetadataObject]) {
        self.keys = keys
        let secrets = documents.flatMap { keys.secrets(in: MetadataValue(.object($0))) }
        mask = SecretMask(secrets)
        longMask = SecretMask(secrets, shortest: Self.longEnough)
    }

    /// By the source map where there is one, by value in what a program printed.
    func redacted(_ file: RenderedFile, prefix: [ByteString]) -> RedactedText {
        guard let map = file.sourceMap else {
            return redacted(unmapped: file.body)
        }
        var redactions: [Redaction] = []
        for segment in map.segments {
            guard case .value(let value, let path) = segment.origin else { continue }
            if keys.holdsSecret(value, at: prefix + path) {
                redactions.append(Redaction(range: segment.output, key: (prefix + path).dotted))
                continue
            }
            let start = segment.output.lowerBound
            for found in longMask.redactions(in: Array(file.body[segment.output])) {
                let range = found.range.lowerBound + start..<found.range.upperBound + start
                redactions.append(Redaction(range: range, key: found.key))
            }
        }
        return RedactedText(bytes: file.body, redactions: redactions)
    }

    /// By value: there is no map.
    func redacted(unmapped bytes: [UInt8]) -> RedactedText {
        RedactedText(bytes: bytes, redactions: mask.redactions(in: bytes))
    }

    /// What is known of the secrets that an older version of `file` may hold.
    func history(of file: RenderedFile, prefix: [ByteString]) -> SecretHistory {
        // What a program printed of older metadata, nobody knows.
        guard let map = file.sourceMap else { return .possible }
        var shown: [[ByteString]] = []
        // A key that is missing now, and a list or object that is written whole, may have held a secret before.
        var isGone = !file.missing.isEmpty
        for segment in map.segments {
            guard case .value(let value, let path) = segment.origin else { continue }
            if keys.holdsSecret(value, at: prefix + path) {
                shown.append(path)
            } else if value.object != nil || value.array != nil {
                isGone = true
            }
        }
        let asked = map.templates.flatMap(\.tags).filter {
            $0.kind != .inverted && $0.kind != .partial && keys.isSecret(prefix + $0.parts)
        }
        isGone =
            isGone
            || asked.contains { tag in
                !shown.contains { path in path.count >= tag.parts.count && path.contains(tag.parts) }
            }
        if isGone { return .gone }
        return asked.isEmpty && shown.isEmpty ? .none : .possible
    }
}

/// Whether the file that is on disk now may hold a secret, of which there is no map.
enum SecretHistory {
    /// Its template asks for none.
    case none
    /// Its template asks for some, and has them in the new file: what faces them is hidden.
    case possible
    /// Its template asks for one that the new file does not have: the old one may have it anywhere.
    case gone
}
