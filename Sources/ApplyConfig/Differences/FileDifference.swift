// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataQuery
import MetadataTree
import SystemPackage

/// What becomes of one file.
struct FileDifference {
    enum Change: String {
        case create, modify, delete
    }

    enum Content {
        /// The bytes stay: mode or owner change.
        case same
        case binary(oldSize: Int, newSize: Int)
        case text(TextDifference)
    }

    /// What is told of mode and owners; what is nil is not known, or not told.
    struct Attributes: Equatable {
        var mode: UInt32?
        var owner: String?
        var group: String?
    }

    /// As a person would write it.
    let path: String
    /// The template; nil where no template makes the file.
    let template: String?
    let change: Change
    /// What is replaced, where it is no plain file: a link, a FIFO.
    let replaced: String?
    let old: Attributes
    let new: Attributes
    let content: Content

    var added: Int { if case .text(let text) = content { text.added } else { 0 } }
    var removed: Int { if case .text(let text) = content { text.removed } else { 0 } }

    /// The difference of two texts; binary when either has a zero byte near its start, as git has it.
    static func content(
        old: RedactedText, new: RedactedText, history: SecretHistory?, redactor: Redactor?
    ) -> Content {
        if old.bytes == new.bytes { return .same }
        if isBinary(old.bytes) || isBinary(new.bytes) {
            return .binary(oldSize: old.bytes.count, newSize: new.bytes.count)
        }
        let isSecretName = { (line: ArraySlice<UInt8>) in redactor?.keys.isNamed(in: line) ?? false }
        return .text(TextDifference(old: old, new: new, history: history, isSecretName: isSecretName))
    }

    private static func isBinary(_ bytes: [UInt8]) -> Bool { bytes.prefix(8000).contains(0) }
}
