// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Nodes in memory.
package final class InMemoryMetadataStore: MetadataStore {
    fileprivate struct State {
        var nodes: [String: NodeRecord] = [:]
        var owners: [NodeKey: Set<String>] = [:]
        var history: [String: [NodeRevision]] = [:]
        var signals: [String: [Signal]] = [:]
        var deliveries: [String: DeliveredRevision] = [:]
        /// Nodes that have nothing but a history, in the order in which they were removed.
        var removed: [String] = []
        var revision = 0
    }

    private let state = Mutex(State())
    private let log = EventLog()
    private let historyLimit: Int
    private let now: @Sendable () -> Int

    /// - Parameter historyLimit: how many revisions of each node are kept.
    package init(historyLimit: Int = 20, now: @escaping @Sendable () -> Int = { time(nil) }) {
        self.historyLimit = historyLimit
        self.now = now
    }

    package func node(_ name: String) -> NodeRecord? { state.withLock { $0.nodes[name] } }

    package func node(with key: NodeKey) -> NodeRecord? {
        state.withLock { state in state.owners[key]?.min().flatMap { state.nodes[$0] } }
    }

    package func nodes(after name: String?, limit: Int) -> [NodeRecord] {
        state.withLock { state in
            let names = state.nodes.keys.filter { name.map($0.follows) ?? true }.sorted { $1.follows($0) }
            return names.prefix(limit).compactMap { state.nodes[$0] }
        }
    }

    package func commit(_ writes: [StoreWrite], author: String) throws -> [StoreEvent] {
        let time = now()
        // The order in which followers hear of changes is that in which they were made.
        return try state.withLock { state in
            try state.check(writes)
            let events = writes.compactMap { write in
                state.apply(write, author: author, time: time, historyLimit: historyLimit)
            }
            log.publish(events)
            return events
        }
    }

    package func history(of name: String) -> [NodeRevision] {
        state.withLock { ($0.history[name] ?? []).reversed() }
    }

    package func append(_ signal: Signal) throws -> StoreEvent? {
        try state.withLock { state in
            guard state.nodes[signal.node] != nil else {
                throw StoreError.conflict(node: signal.node, revision: nil)
            }
            let known = state.signals[signal.node] ?? []
            guard !known.contains(where: { $0.subject == signal.subject && $0.id == signal.id }) else {
                return nil
            }
            state.revision += 1
            var signal = signal
            signal.revision = state.revision
            state.signals[signal.node] = (known + [signal]).suffix(Signal.limit)
            let event = StoreEvent(
                revision: state.revision, kind: .signalled, node: signal.node, author: signal.node,
                time: signal.received)
            log.publish([event])
            return event
        }
    }

    package func signals(of node: String, after revision: Int, limit: Int) -> [Signal] {
        state.withLock { state in
            Array((state.signals[node] ?? []).filter { $0.revision > revision }.prefix(limit))
        }
    }

    package func lastSignals(of node: String) -> [String: Signal] {
        state.withLock { state in
            Dictionary((state.signals[node] ?? []).map { ($0.subject, $0) }) { _, last in last }
        }
    }

    package func record(_ deliveries: [DeliveredRevision]) -> [StoreEvent] {
        state.withLock { state in
            let events = deliveries.compactMap { delivered -> StoreEvent? in
                guard let node = state.nodes[delivered.node], delivered.revision <= node.revision,
                    delivered.revision > state.deliveries[delivered.node]?.revision ?? 0
                else { return nil }
                state.revision += 1
                state.deliveries[delivered.node] = delivered
                return StoreEvent(
                    revision: state.revision, kind: .delivered, node: delivered.node, author: delivered.node,
                    time: delivered.time)
            }
            log.publish(events)
            return events
        }
    }

    package func delivered(to node: String) -> DeliveredRevision? { state.withLock { $0.deliveries[node] } }

    package func events(after revision: Int?) throws -> StoreEvents {
        try log.events(after: revision)
    }

    package func lastRevision() -> Int { state.withLock(\.revision) }

    package func check() {}

    package func endEvents() { log.close() }
}

extension InMemoryMetadataStore.State {
    /// Whether all of them can be made.
    fileprivate func check(_ writes: [StoreWrite]) throws(StoreError) {
        let written = Set(writes.map(\.name))
        var claimed: [NodeKey: String] = [:]
        for write in writes {
            try write.precondition.check(nodes[write.name]?.revision, of: write.name)
            guard case .put(let node, _) = write else { continue }
            for key in node.keys where key.isUnique {
                let owner = claimed[key] ?? owners[key]?.first { !written.contains($0) }
                if let owner, owner != node.name { throw .taken(key, by: owner) }
                claimed[key] = node.name
            }
        }
    }

    fileprivate mutating func apply(
        _ write: StoreWrite, author: String, time: Int, historyLimit: Int
    ) -> StoreEvent? {
        let name: String
        let kind: StoreEvent.Kind
        var record: NodeRecord?
        switch write {
        case .put(let node, _):
            let known = nodes[node.name]
            if let known, known.hasContents(of: node) { return nil }
            (name, kind, record) = (node.name, known == nil ? .created : .changed, node)
        case .remove(let node, _):
            guard nodes[node] != nil else { return nil }
            (name, kind) = (node, .removed)
            signals[node] = nil
            deliveries[node] = nil
            removed.append(node)
            if removed.count > NodeRevision.removedLimit { history[removed.removeFirst()] = nil }
        }
        if kind == .created { removed.removeAll { $0 == name } }
        revision += 1
        record?.revision = revision
        record?.modified = max(time, (nodes[name]?.modified ?? 0) + 1)
        for key in nodes[name]?.keys ?? [] {
            owners[key]?.remove(name)
            if owners[key]?.isEmpty == true { owners[key] = nil }
        }
        for key in record?.keys ?? [] { owners[key, default: []].insert(name) }
        nodes[name] = record
        let event = StoreEvent(revision: revision, kind: kind, node: name, author: author, time: time)
        history[name, default: []].append(NodeRevision(event: event, node: record))
        let surplus = (history[name]?.count ?? 0) - historyLimit
        if surplus > 0 { history[name]?.removeFirst(surplus) }
        return event
    }
}

extension StoreWrite.Precondition {
    /// - Parameter revision: what the node has; nil: there is none.
    package func check(_ revision: Int?, of node: String) throws(StoreError) {
        let holds =
            switch self {
            case .anything: true
            case .nothing: revision == nil
            case .revision(let wanted): revision == wanted
            }
        guard holds else { throw .conflict(node: node, revision: revision) }
    }
}

extension NodeRecord {
    /// Whether nothing but revision and time would change.
    package func hasContents(of other: NodeRecord) -> Bool {
        var other = other
        other.revision = revision
        other.modified = modified
        // The order of an object's members is part of what a node gets.
        return self == other && NodeDocument.value(of: self).isWritten(as: NodeDocument.value(of: other))
    }
}

extension String {
    /// In the order of bytes, which does not depend on the version of Unicode.
    fileprivate func follows(_ other: String) -> Bool { other.utf8.lexicographicallyPrecedes(utf8) }
}
