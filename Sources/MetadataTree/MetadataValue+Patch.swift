// SPDX-License-Identifier: Apache-2.0

extension MetadataValue {
    /// This value with a JSON merge patch applied (RFC 7396): objects go into objects, null removes, all else replaces.
    package func patched(by patch: MetadataValue) -> MetadataValue {
        guard let changes = patch.object else { return patch }
        var object = object ?? MetadataObject()
        for member in changes.members {
            if member.value.isNull {
                object[member.key] = nil
            } else {
                object[member.key] = (object[member.key] ?? .null).patched(by: member.value)
            }
        }
        return MetadataValue(.object(object), from: patch.provenance)
    }
}
