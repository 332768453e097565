// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Keeps nodes.
package protocol MetadataStore: Sendable {
    func node(_ name: String) async throws -> NodeRecord?

    /// The node whose CloudFormation access key this is.
    func node(accessKey: String) async throws -> NodeRecord?

    /// The node that asks from this IP address; of several, the first by name.
    func node(address: String) async throws -> NodeRecord?

    /// Keeps exactly these nodes.
    ///
    /// - Returns: the names of those that are new, changed or gone.
    func replaceAll(_ nodes: [NodeRecord]) async throws -> Set<String>
}

/// Nodes in memory.
package final class InMemoryMetadataStore: MetadataStore {
    private let nodes = Mutex<[String: NodeRecord]>([:])

    package init() {}

    package func node(_ name: String) async -> NodeRecord? { nodes.withLock { $0[name] } }

    package func node(accessKey: String) async -> NodeRecord? {
        nodes.withLock { nodes in
            nodes.values.first { $0.credentials.cloudFormation?.accessKey == accessKey }
        }
    }

    package func node(address: String) async -> NodeRecord? {
        nodes.withLock { nodes in
            nodes.values.filter { $0.instance.addresses.contains(address) }.min { $0.name < $1.name }
        }
    }

    package func replaceAll(_ records: [NodeRecord]) async -> Set<String> {
        let new = Dictionary(records.map { ($0.name, $0) }) { _, last in last }
        return nodes.withLock { nodes in
            let names = Set(nodes.keys).union(new.keys)
            let changed = names.filter { nodes[$0] != new[$0] }
            nodes = new
            return changed
        }
    }
}
