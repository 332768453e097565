// SPDX-License-Identifier: Apache-2.0

import GRDB
import MetadataStore

/// The writes of one commit.
struct StoreTransaction {
    let database: Database
    let records: StoredRecords
    let author: String
    let time: Int
    let historyLimit: Int

    /// Those that change something have an event.
    func apply(_ writes: [StoreWrite]) throws -> [StoreEvent] {
        let events = try writes.compactMap(apply)
        // When all are made: nodes may have exchanged their keys.
        for case .put(let node, _) in writes { try checkKeys(of: node) }
        return events
    }

    private func checkKeys(of node: NodeRecord) throws {
        for key in node.keys where key.isUnique {
            let owner = try String.fetchOne(
                database.cachedStatement(
                    sql: "SELECT node FROM node_key WHERE kind = ? AND value = ? AND node <> ?"),
                arguments: [key.kind, key.value, node.name])
            if let owner { throw StoreError.taken(key, by: owner) }
        }
    }

    /// Nil: it changes nothing.
    private func apply(_ write: StoreWrite) throws -> StoreEvent? {
        switch write {
        case .put(let node, let precondition): try put(node, precondition)
        case .remove(let name, let precondition): try remove(name, precondition)
        }
    }

    private func put(_ node: NodeRecord, _ precondition: StoreWrite.Precondition) throws -> StoreEvent? {
        let known = try known(node.name)
        try precondition.check(known?.revision, of: node.name)
        if let known, known.hasContents(of: node) { return nil }
        let event = try event(known == nil ? .created : .changed, node.name)
        if known == nil { try execute("DELETE FROM removal WHERE node = ?", [node.name]) }
        let record = try records.data(of: node)
        try execute(
            "INSERT OR REPLACE INTO node (name, revision, modified, record) VALUES (?, ?, ?, ?)",
            [node.name, event.revision, max(time, (known?.modified ?? 0) + 1), record])
        if known?.keys != node.keys {
            try execute("DELETE FROM node_key WHERE node = ?", [node.name])
            for key in Set(node.keys) {
                try execute(
                    "INSERT INTO node_key (kind, value, node) VALUES (?, ?, ?)",
                    [key.kind, key.value, node.name])
            }
        }
        try remember(event, record)
        return event
    }

    private func remove(_ name: String, _ precondition: StoreWrite.Precondition) throws -> StoreEvent? {
        // Whatever the record holds.
        let known =
            name.utf8.contains(0)
            ? nil
            : try Int.fetchOne(database, sql: "SELECT revision FROM node WHERE name = ?", arguments: [name])
        try precondition.check(known, of: name)
        guard known != nil else { return nil }
        let event = try event(.removed, name)
        for sql in [
            "DELETE FROM node WHERE name = ?", "DELETE FROM node_key WHERE node = ?",
            "DELETE FROM signal WHERE node = ?", "DELETE FROM delivery WHERE node = ?",
        ] {
            try execute(sql, [name])
        }
        try remember(event, nil)
        try execute("INSERT OR REPLACE INTO removal (node, revision) VALUES (?, ?)", [name, event.revision])
        let oldest = "SELECT node FROM removal ORDER BY revision DESC LIMIT -1 OFFSET ?"
        for table in ["history", "removal"] {
            try execute("DELETE FROM \(table) WHERE node IN (\(oldest))", [NodeRevision.removedLimit])
        }
        return event
    }

    /// Nil: it changes nothing.
    func record(_ delivered: DeliveredRevision) throws -> StoreEvent? {
        guard !delivered.node.utf8.contains(0) else { return nil }
        try execute(
            """
            INSERT INTO delivery (node, revision, time) SELECT name, ?, ? FROM node WHERE name = ? AND revision >= ?
                ON CONFLICT (node) DO UPDATE SET revision = excluded.revision, time = excluded.time
                WHERE revision < excluded.revision
            """, [delivered.revision, delivered.time, delivered.node, delivered.revision])
        return database.changesCount > 0 ? try event(.delivered, delivered.node) : nil
    }

    /// Nil: it is known.
    func append(_ signal: Signal) throws -> StoreEvent? {
        guard try known(signal.node) != nil else {
            throw StoreError.conflict(node: signal.node, revision: nil)
        }
        let isKnown = try Bool.fetchOne(
            database, sql: "SELECT 1 FROM signal WHERE node = ? AND subject = ? AND id = ?",
            arguments: [signal.node, signal.subject, signal.id])
        guard isKnown != true else { return nil }
        let event = try event(.signalled, signal.node)
        try execute(
            "INSERT INTO signal (revision, node, subject, id, received, record) VALUES (?, ?, ?, ?, ?, ?)",
            [
                event.revision, signal.node, signal.subject, signal.id, signal.received,
                try records.data(of: signal),
            ])
        try execute(
            """
            DELETE FROM signal WHERE node = ? AND revision <=
                (SELECT revision FROM signal WHERE node = ? ORDER BY revision DESC LIMIT 1 OFFSET ?)
            """, [signal.node, signal.node, Signal.limit])
        return event
    }

    private func known(_ name: String) throws -> NodeRecord? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT * FROM node WHERE name = ?"), arguments: [name]
        )
        .map(records.node)
    }

    private func event(_ kind: StoreEvent.Kind, _ node: String) throws -> StoreEvent {
        try execute(
            "INSERT INTO event (kind, node, author, time) VALUES (?, ?, ?, ?)",
            [kind.rawValue, node, author, time])
        return StoreEvent(
            revision: Int(database.lastInsertedRowID), kind: kind, node: node, author: author, time: time)
    }

    private func remember(_ event: StoreEvent, _ record: (any DatabaseValueConvertible)?) throws {
        try execute(
            "INSERT INTO history (node, revision, kind, author, time, record) VALUES (?, ?, ?, ?, ?, ?)",
            [event.node, event.revision, event.kind.rawValue, author, time, record])
        try execute(
            """
            DELETE FROM history WHERE node = ? AND revision <=
                (SELECT revision FROM history WHERE node = ? ORDER BY revision DESC LIMIT 1 OFFSET ?)
            """, [event.node, event.node, historyLimit])
    }

    private func execute(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
        try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }
}
