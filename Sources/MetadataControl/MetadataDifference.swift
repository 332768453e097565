// SPDX-License-Identifier: Apache-2.0

import MetadataQuery
import MetadataTree

/// What makes one document of another, a line for each value: secrets by their names only.
struct MetadataDifference {
    let lines: [String]

    init(from old: MetadataValue, to new: MetadataValue, keys: SecretKeys?) {
        var lines: [String] = []
        Self.compare(old, new, [], keys, &lines)
        self.lines = lines
    }

    private static func compare(
        _ old: MetadataValue?, _ new: MetadataValue?, _ path: [ByteString], _ keys: SecretKeys?,
        _ lines: inout [String]
    ) {
        if let old = old?.object, let new = new?.object {
            for member in old.members {
                compare(member.value, new[member.key], path + [member.key], keys, &lines)
            }
            for member in new.members where old[member.key] == nil {
                compare(nil, member.value, path + [member.key], keys, &lines)
            }
            return
        }
        if let old, let new, old == new { return }
        let name = path.isEmpty ? "." : path.map(\.text).joined(separator: ".")
        func shown(_ value: MetadataValue) -> String {
            keys?.holdsSecret(value, at: path) == true ? "‹\(name)›" : JSONWriter.text(of: value)
        }
        if let old { lines.append("-\(name): \(shown(old))") }
        if let new { lines.append("+\(name): \(shown(new))") }
    }
}
