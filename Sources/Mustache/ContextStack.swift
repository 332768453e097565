// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// The values that a name is looked up in, innermost last.
struct ContextStack {
    struct Entry {
        let value: MetadataValue
        /// The value's dotted path from the root; kept only while a source map is recorded.
        let path: [ByteString]?
    }

    private(set) var entries: [Entry]

    init(root: MetadataValue, recordsPaths: Bool) {
        entries = [Entry(value: root, path: recordsPaths ? [] : nil)]
    }

    mutating func push(_ entry: Entry) { entries.append(entry) }

    mutating func pop() { entries.removeLast() }

    /// The value of `name`: its first part is looked for in the objects of the stack, innermost first; each further part
    /// in the value of the part before it and nowhere else. Lists have no parts. Nil when it is missing.
    func lookUp(_ name: Template.Name) -> Entry? {
        guard let first = name.parts.first else { return entries.last }
        for entry in entries.reversed() {
            guard case .object(let members) = entry.value.kind, let member = members[first] else { continue }
            var value = member
            for part in name.parts.dropFirst() {
                guard case .object(let members) = value.kind, let member = members[part] else { return nil }
                value = member
            }
            return Entry(value: value, path: entry.path.map { $0 + name.parts })
        }
        return nil
    }
}
