// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// The change with which the command was tried last and did not succeed.
struct ChangeAttempt {
    private var changed: [Output] = []
    private var removed: [ByteString] = []
    private var isListNew = false

    /// Whether `stored` is a change, and another one than the last.
    mutating func isNews(_ stored: MetadataCache.Stored) -> Bool {
        let isSame =
            removed == stored.removed && isListNew == stored.isListNew
            && changed.count == stored.changed.count
            && zip(changed, stored.changed).allSatisfy { $0.name == $1.name && $0.value == $1.value }
        (changed, removed, isListNew) = (stored.changed, stored.removed, stored.isListNew)
        return stored.isChange && !isSame
    }
}
