// SPDX-License-Identifier: Apache-2.0

import MetadataStore

/// A store whose changes are in the feed before a write returns: whoever made one reads it back.
struct ObservedStore: MetadataStore {
    let store: any MetadataStore
    let feed: ChangeFeed

    func commit(_ writes: [StoreWrite], author: String) async throws -> [StoreEvent] {
        let events = try await store.commit(writes, author: author)
        feed.publish(events)
        return events
    }

    func append(_ signal: Signal) async throws -> StoreEvent? { try await store.append(signal) }

    func record(_ deliveries: [DeliveredRevision]) async throws -> [StoreEvent] {
        try await store.record(deliveries)
    }

    func node(_ name: String) async throws -> NodeRecord? { try await store.node(name) }
    func node(with key: NodeKey) async throws -> NodeRecord? { try await store.node(with: key) }
    func nodes(after name: String?, limit: Int) async throws -> [NodeRecord] {
        try await store.nodes(after: name, limit: limit)
    }
    func history(of name: String) async throws -> [NodeRevision] { try await store.history(of: name) }
    func signals(of node: String, after revision: Int, limit: Int) async throws -> [Signal] {
        try await store.signals(of: node, after: revision, limit: limit)
    }
    func lastSignals(of node: String) async throws -> [String: Signal] {
        try await store.lastSignals(of: node)
    }
    func delivered(to node: String) async throws -> DeliveredRevision? {
        try await store.delivered(to: node)
    }
    func events(after revision: Int?) async throws -> StoreEvents {
        try await store.events(after: revision)
    }
    func lastRevision() async throws -> Int { try await store.lastRevision() }
    func check() async throws { try await store.check() }
    func endEvents() { store.endEvents() }
}
