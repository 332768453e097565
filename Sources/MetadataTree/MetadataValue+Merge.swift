// SPDX-License-Identifier: Apache-2.0

extension MetadataObject {
    /// Lays `other` over this object as the agents merge their metadata files.
    ///
    /// Object goes into object, key by key; anything else replaces what was there: lists are not joined, and null
    /// counts as a value. New keys come after the old ones, in the order of `other`.
    package mutating func merge(_ other: MetadataObject) {
        for member in other.members {
            let isMerged = update(member.key) { value in
                guard case .object(let addition) = member.value.kind, case .object(var existing) = value.kind
                else {
                    value = member.value
                    return
                }
                value.kind = .null  // the only reference now is `existing`: merged in place, not copied
                existing.merge(addition)
                value.kind = .object(existing)
            }
            if !isMerged { self[member.key] = member.value }
        }
    }

    /// Lays the members of `other` over this object, one level deep.
    package mutating func update(with other: MetadataObject) {
        for member in other.members { self[member.key] = member.value }
    }
}
