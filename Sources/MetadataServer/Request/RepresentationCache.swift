// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import RequestSigning
import Synchronization

/// What nodes get, ready to be sent, as long as they have not changed.
final class RepresentationCache: Sendable {
    struct Entry: Sendable {
        let representation: NodeRepresentation
        /// Of the node; nil: it has none.
        let token: [UInt8]?
        /// The count of the feed when the node was read.
        let seen: UInt64
        let base: String

        /// Whether this is the node's token.
        func isAuthorised(_ token: Substring) -> Bool {
            self.token.map { MessageDigest.areEqual($0, Array(token.utf8)) } ?? false
        }
    }

    fileprivate struct State {
        var entries: [String: Entry] = [:]
        var size = 0
    }

    private let store: any MetadataStore
    private let feed: ChangeFeed
    /// In bytes of bodies.
    private let limit: Int
    private let state = Mutex(State())

    init(store: any MetadataStore, feed: ChangeFeed, limit: Int = 128 << 20) {
        self.store = store
        self.feed = feed
        self.limit = limit
    }

    /// What the node gets now; nil: there is no such node.
    ///
    /// - Throws: `StoreError`, `DigestError`.
    func entry(for node: String, base: String) async throws -> Entry? {
        // Before the node is read: a change that comes in between makes the entry an old one.
        let seen = feed.revision(of: node)
        let known = state.withLock { $0.entries[node] }
        if let known, known.seen == seen, known.base == base { return known }
        // To the byte: for one name there is one entry.
        guard let record = try await store.node(node), record.name.utf8.elementsEqual(node.utf8) else {
            return nil
        }
        let entry = Entry(
            representation: try NodeRepresentation(record, base: base),
            token: record.credentials.token.map { Array($0.utf8) }, seen: seen, base: base)
        keep(entry, for: node)
        return entry
    }

    private func keep(_ entry: Entry, for node: String) {
        state.withLock { state in
            state.remove(node)
            // Some one goes: which, the hashing decides.
            while state.size + entry.representation.size > limit, let victim = state.entries.keys.first {
                state.remove(victim)
            }
            guard entry.representation.size <= limit else { return }
            state.entries[node] = entry
            state.size += entry.representation.size
        }
    }
}

extension RepresentationCache.State {
    fileprivate mutating func remove(_ node: String) {
        guard let entry = entries.removeValue(forKey: node) else { return }
        size -= entry.representation.size
    }
}
