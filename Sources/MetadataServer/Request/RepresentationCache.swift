// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import RequestSigning
import Synchronization

/// What nodes get, ready to be sent, as long as they have not changed.
final class RepresentationCache: Sendable {
    /// An object: whoever asks for one of many nodes has little of it brought to the processor.
    final class Entry: Sendable {
        /// To the byte: names that look the same are equal, and those of two nodes.
        let name: String
        let revision: Int
        let representation: NodeRepresentation
        let token: [UInt8]
        /// The count of the feed when the node was read.
        let seen: UInt64
        let base: String
        private let isNoted = Atomic(false)

        init(
            name: String, revision: Int, representation: NodeRepresentation, token: [UInt8], seen: UInt64,
            base: String
        ) {
            self.name = name
            self.revision = revision
            self.representation = representation
            self.token = token
            self.seen = seen
            self.base = base
        }

        /// Whether it is the first time that this is asked.
        func isToNote() -> Bool {
            !isNoted.load(ordering: .relaxed) && !isNoted.exchange(true, ordering: .relaxed)
        }
    }

    /// What whoever asks for a node has to show.
    fileprivate struct Ticket {
        let name: String
        let token: [UInt8]?
        let seen: UInt64
    }

    fileprivate struct State {
        var entries: [String: Entry] = [:]
        /// Of each node that was asked for, by whomever: a stranger does not have its record read again and again.
        var tickets: [String: Ticket] = [:]
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

    /// What the node gets now, where that is known without the store; nil: it is not, or this is not its token.
    func ready(for node: String, token: Substring, base: String) -> Entry? {
        let seen = feed.revision(of: node)
        guard let known = state.withLock({ $0.entries[node] }), known.seen == seen, known.base == base,
            known.name.utf8.elementsEqual(node.utf8), MessageDigest.areEqual(known.token, Array(token.utf8))
        else { return nil }
        return known
    }

    /// What the node gets now; nil: there is no such node, or this is not its token. Nothing is made for a stranger.
    ///
    /// - Throws: `StoreError`, `DigestError`.
    func entry(for node: String, token: Substring, base: String) async throws -> Entry? {
        let given = Array(token.utf8)
        // Before the node is read: a change that comes in between makes the entry an old one.
        let seen = feed.revision(of: node)
        let (known, ticket) = state.withLock { ($0.entries[node], $0.tickets[node]) }
        if let ticket, ticket.seen == seen, ticket.name.utf8.elementsEqual(node.utf8) {
            guard let token = ticket.token, MessageDigest.areEqual(token, given) else { return nil }
            if let known, known.seen == seen, known.base == base, known.name.utf8.elementsEqual(node.utf8) {
                return known
            }
        }
        guard let record = try await store.node(node), record.name.utf8.elementsEqual(node.utf8) else {
            state.withLock { _ = $0.tickets.removeValue(forKey: node) }
            return nil
        }
        let own = record.credentials.token.map { Array($0.utf8) }
        state.withLock { $0.tickets[node] = Ticket(name: node, token: own, seen: seen) }
        guard let own, MessageDigest.areEqual(own, given) else { return nil }
        let entry = Entry(
            name: node, revision: record.revision, representation: try NodeRepresentation(record, base: base),
            token: given, seen: seen, base: base)
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
