// SPDX-License-Identifier: Apache-2.0

import MetadataQuery
import MetadataTree
import Mustache

/// Bytes that are not to be shown.
struct Redaction {
    let range: Range<Int>
    /// The key that gave them.
    let key: String

    var label: String { "‹\(key)›" }
}

/// A text, and what of it is not to be shown.
struct RedactedText {
    let bytes: [UInt8]
    /// In order, without overlap.
    let redactions: [Redaction]

    init(bytes: [UInt8], redactions: [Redaction] = []) {
        self.bytes = bytes
        self.redactions = redactions
    }

    /// The bytes in `range` as they may be shown.
    func text(of range: Range<Int>) -> String {
        var text = ""
        var index = range.lowerBound
        for redaction in redactions(in: range) {
            text += String(decoding: bytes[index..<max(index, redaction.range.lowerBound)], as: UTF8.self)
            text += redaction.label
            index = min(redaction.range.upperBound, range.upperBound)
        }
        return text + String(decoding: bytes[index..<range.upperBound], as: UTF8.self)
    }

    func isRedacted(in range: Range<Int>) -> Bool { !redactions(in: range).isEmpty }

    private func redactions(in range: Range<Int>) -> ArraySlice<Redaction> {
        var low = 0
        var high = redactions.count
        while low < high {
            let middle = (low + high) / 2
            if redactions[middle].range.upperBound <= range.lowerBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return redactions[low...].prefix { $0.range.lowerBound < range.upperBound }
    }
}
