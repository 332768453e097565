// SPDX-License-Identifier: Apache-2.0

/// Keeps nodes, their history and their signals, and tells of each change.
///
/// Changes are numbered over the whole store, each with a larger number than the one before: that is the revision of whatever it
/// made. All writes of one commit come about together or not at all, and are durable when it returns.
package protocol MetadataStore: Sendable {
    /// - Throws: `StoreError`, as all of these.
    func node(_ name: String) async throws -> NodeRecord?

    func node(with key: NodeKey) async throws -> NodeRecord?

    /// Nodes in the order of their names' bytes, beyond `name`.
    func nodes(after name: String?, limit: Int) async throws -> [NodeRecord]

    /// Makes these changes, of each node one at the most.
    ///
    /// - Parameter author: who makes them, for the history.
    /// - Returns: an event for each, in their order. A write that changes nothing has none.
    func commit(_ writes: [StoreWrite], author: String) async throws -> [StoreEvent]

    /// What a node was, the newest first; the last change of each node is among them. The last `NodeRevision.removedLimit` that were removed
    /// have a history too.
    func history(of name: String) async throws -> [NodeRevision]

    /// Keeps a signal, and of a node the last `Signal.limit` of them.
    ///
    /// - Returns: nil when it is known by its id.
    /// - Throws: `StoreError.conflict` when there is no such node.
    func append(_ signal: Signal) async throws -> StoreEvent?

    /// The signals of a node in their order, beyond the change `revision`.
    func signals(of node: String, after revision: Int, limit: Int) async throws -> [Signal]

    /// The last signal of each subject of a node, by subject.
    func lastSignals(of node: String) async throws -> [String: Signal]

    /// Keeps what nodes have got, of each the latest revision.
    ///
    /// - Returns: an event for each that is later than the one before. One of a node that is not there, or that is not at this revision yet,
    ///   has none.
    func record(_ deliveries: [DeliveredRevision]) async throws -> [StoreEvent]

    /// What the node has got; nil: nothing yet.
    func delivered(to node: String) async throws -> DeliveredRevision?

    /// All changes beyond `revision`, and each as it comes; nil: those that come from now on.
    ///
    /// - Throws: `StoreError.forgotten` when not all of those are known any more.
    func events(after revision: Int?) async throws -> StoreEvents

    /// The number of the last change; 0 before the first.
    func lastRevision() async throws -> Int

    /// Throws when it cannot be read.
    func check() async throws

    /// Ends the sequences of events, those to come too. The rest goes on.
    func endEvents()
}

/// One change of a commit.
package enum StoreWrite: Sendable {
    /// What has to be there already.
    package enum Precondition: Sendable, Equatable {
        case anything
        case nothing
        case revision(Int)
    }

    /// Keeps a node; its revision and the time of its change are the store's to set.
    case put(NodeRecord, Precondition = .anything)
    case remove(String, Precondition = .anything)

    package var name: String {
        switch self {
        case .put(let node, _): node.name
        case .remove(let name, _): name
        }
    }

    package var precondition: Precondition {
        switch self {
        case .put(_, let precondition), .remove(_, let precondition): precondition
        }
    }
}

/// A change.
package struct StoreEvent: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case created, changed, removed
        /// It has told of something.
        case signalled
        /// It has got what it is.
        case delivered

        /// Whether the node is another one now.
        package var isChange: Bool {
            switch self {
            case .created, .changed, .removed: true
            case .signalled, .delivered: false
            }
        }
    }

    package let revision: Int
    package let kind: Kind
    package let node: String
    package let author: String
    /// Seconds since 1970.
    package let time: Int

    package init(revision: Int, kind: Kind, node: String, author: String, time: Int) {
        self.revision = revision
        self.kind = kind
        self.node = node
        self.author = author
        self.time = time
    }
}

/// The changes from one on: no gap between those that are known and those that follow.
package struct StoreEvents: Sendable {
    package let known: [StoreEvent]
    /// Ends when its reader is too slow, or the store ends it.
    package let following: AsyncStream<StoreEvent>

    package init(known: [StoreEvent], following: AsyncStream<StoreEvent>) {
        self.known = known
        self.following = following
    }
}

/// What a node was from a change on.
package struct NodeRevision: Sendable, Equatable {
    /// Of how many removed nodes the history is kept.
    package static let removedLimit = 1_000

    package let event: StoreEvent
    /// Nil: it was removed.
    package let node: NodeRecord?

    package init(event: StoreEvent, node: NodeRecord?) {
        self.event = event
        self.node = node
    }
}

package enum StoreError: Error, Equatable, CustomStringConvertible {
    /// The precondition of a write does not hold; the revision that the node has, nil where there is none.
    case conflict(node: String, revision: Int?)
    /// Another node has this key.
    case taken(NodeKey, by: String)
    /// The changes beyond the one that was asked for are not all known any more.
    case forgotten
    /// No room for a change.
    case full(String)
    case unusable(String)

    package var description: String {
        switch self {
        case .conflict(let node, nil): "there is no node \(node)"
        case .conflict(let node, let revision?): "the node \(node) is there, at revision \(revision)"
        case .taken(let key, let node): "the \(key.kind) is that of the node \(node)"
        case .forgotten: "these changes are not known any more"
        case .full(let reason), .unusable(let reason): reason
        }
    }
}

extension MetadataStore {
    /// Keeps one node.
    @discardableResult
    package func put(
        _ node: NodeRecord, _ precondition: StoreWrite.Precondition = .anything, author: String
    ) async throws -> StoreEvent? {
        try await commit([.put(node, precondition)], author: author).first
    }
}
