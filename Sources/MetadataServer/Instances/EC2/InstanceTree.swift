// SPDX-License-Identifier: Apache-2.0

import MetadataStore

/// What EC2's metadata service tells of a node: texts in directories.
///
/// Source of the format: Amazon EC2 User Guide, "Instance metadata categories".
indirect enum InstanceTree {
    case text(String)
    case directory([Entry])

    struct Entry {
        let name: String
        let tree: InstanceTree
        /// What stands behind `=` in the listing, as the names of keys do.
        var remark: String?
    }

    /// The tree below `meta-data/`.
    init(of node: NodeRecord) {
        let instance = node.instance
        var entries: [Entry] = [
            Entry(name: "hostname", tree: .text(instance.hostname)),
            Entry(name: "instance-id", tree: .text(instance.id)),
            Entry(name: "local-hostname", tree: .text(instance.hostname)),
        ]
        if let address = instance.addresses.first(where: { !$0.contains(":") }) {
            entries.append(Entry(name: "local-ipv4", tree: .text(address)))
        }
        if !instance.publicKeys.isEmpty {
            let keys = instance.publicKeys.enumerated().map { number, key in
                Entry(
                    name: "\(number)", tree: .directory([Entry(name: "openssh-key", tree: .text(key.text))]),
                    remark: key.name)
            }
            entries.append(Entry(name: "public-keys", tree: .directory(keys)))
        }
        self = .directory(entries)
    }

    /// The text at a path, or the listing of the directory there; nil when there is none.
    func text(at path: some Collection<Substring>) -> String? {
        guard let name = path.first else { return listing }
        guard case .directory(let entries) = self, let entry = entries.first(where: { $0.name == name })
        else {
            return nil
        }
        return entry.tree.text(at: path.dropFirst())
    }

    private var listing: String {
        switch self {
        case .text(let text): return text
        case .directory(let entries):
            return entries.map { entry in
                if let remark = entry.remark { return "\(entry.name)=\(remark)" }
                if case .directory = entry.tree { return "\(entry.name)/" }
                return entry.name
            }.joined(separator: "\n")
        }
    }
}
