// SPDX-License-Identifier: Apache-2.0

import GRDB
import Glibc
package import MetadataStore
import MetadataTree

/// Nodes in an SQLite database with a write-ahead log: one process at a time.
///
/// A commit is on the disk when it returns (`synchronous=FULL`).
package final class SQLiteMetadataStore: MetadataStore {
    private let database: DatabasePool
    private let log: EventLog
    private let records: StoredRecords
    private let historyLimit: Int
    private let now: @Sendable () -> Int

    /// Opens a database, or makes one.
    ///
    /// - Parameters:
    ///   - path: of the database's file; those of its log are beside it.
    ///   - seal: nil: what is written can be read by whoever reads the file.
    ///   - historyLimit: how many revisions of each node are kept.
    /// - Throws: `StoreError`.
    package init(
        path: String, seal: (any RecordSeal)? = nil, historyLimit: Int = 20,
        now: @escaping @Sendable () -> Int = { time(nil) }
    ) throws(StoreError) {
        self.historyLimit = historyLimit
        self.now = now
        records = StoredRecords(seal: seal)
        do {
            var configuration = Configuration()
            configuration.maximumReaderCount = 4
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
            }
            database = try DatabasePool(path: path, configuration: configuration)
            try StoreSchema.migrator.migrate(database)
            log = try database.read(Self.knownEvents)
        } catch {
            throw Self.translated(error)
        }
        try checkSeal()
    }

    private static let eventLimit = 10_000

    private static func knownEvents(_ database: Database) throws -> EventLog {
        let rows = try Row.fetchAll(
            database, sql: "SELECT * FROM event ORDER BY revision DESC LIMIT ?", arguments: [eventLimit])
        let events = rows.reversed().map(StoredRecords.event)
        return EventLog(events, floor: (events.first?.revision ?? 1) - 1, limit: eventLimit)
    }

    /// The key that was given is that of the records; a database without any fits each.
    private func checkSeal() throws(StoreError) {
        do {
            try database.read { database in
                if let row = try Row.fetchOne(database, sql: "SELECT * FROM node LIMIT 1") {
                    try records.checkSeal(row)
                }
            }
        } catch {
            throw Self.translated(error)
        }
    }

    // MARK: Reading

    package func node(_ name: String) async throws -> NodeRecord? {
        // SQLite would take what stands before it for the name.
        guard !name.utf8.contains(0) else { return nil }
        return try await read { database, records in
            try Row.fetchOne(
                database.cachedStatement(sql: "SELECT * FROM node WHERE name = ?"), arguments: [name]
            )
            .map(records.node)
        }
    }

    package func node(with key: NodeKey) async throws -> NodeRecord? {
        try await read { database, records in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT node.* FROM node JOIN node_key ON node_key.node = node.name
                    WHERE node_key.kind = ? AND node_key.value = ? ORDER BY node.name LIMIT 1
                    """)
            return try Row.fetchOne(statement, arguments: [key.kind, key.value]).map(records.node)
        }
    }

    package func nodes(after name: String?, limit: Int) async throws -> [NodeRecord] {
        try await read { database, records in
            try Row.fetchAll(
                database, sql: "SELECT * FROM node WHERE name > ? ORDER BY name LIMIT ?",
                arguments: [name ?? "", limit]
            )
            .map(records.node)
        }
    }

    package func history(of name: String) async throws -> [NodeRevision] {
        try await read { database, records in
            try Row.fetchAll(
                database, sql: "SELECT * FROM history WHERE node = ? ORDER BY revision DESC",
                arguments: [name]
            )
            .map(records.revision)
        }
    }

    package func signals(of node: String, after revision: Int, limit: Int) async throws -> [Signal] {
        try await read { database, records in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM signal WHERE node = ? AND revision > ? ORDER BY revision LIMIT ?",
                arguments: [node, revision, limit]
            )
            .map(records.signal)
        }
    }

    package func lastSignals(of node: String) async throws -> [String: Signal] {
        try await read { database, records in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM signal WHERE revision IN
                        (SELECT max(revision) FROM signal WHERE node = ? GROUP BY subject)
                    """, arguments: [node])
            let signals = try rows.map(records.signal)
            return Dictionary(signals.map { ($0.subject, $0) }) { _, last in last }
        }
    }

    package func delivered(to node: String) async throws -> DeliveredRevision? {
        guard !node.utf8.contains(0) else { return nil }
        return try await read { database, _ in
            try Row.fetchOne(
                database.cachedStatement(sql: "SELECT * FROM delivery WHERE node = ?"), arguments: [node]
            )
            .map { DeliveredRevision(node: $0["node"], revision: $0["revision"], time: $0["time"]) }
        }
    }

    package func events(after revision: Int?) throws -> StoreEvents {
        try log.events(after: revision)
    }

    package func lastRevision() async throws -> Int {
        try await read { database, _ in
            try Int.fetchOne(database, sql: "SELECT max(revision) FROM event") ?? 0
        }
    }

    package func check() async throws {
        _ = try await read { database, _ in try Int.fetchOne(database, sql: "SELECT 1 FROM event LIMIT 1") }
    }

    package func endEvents() { log.close() }

    // MARK: Writing

    package func commit(_ writes: [StoreWrite], author: String) async throws -> [StoreEvent] {
        let time = now()
        return try await write { [records, historyLimit] database in
            let transaction = StoreTransaction(
                database: database, records: records, author: author, time: time, historyLimit: historyLimit)
            return try transaction.apply(writes)
        }
    }

    package func append(_ signal: Signal) async throws -> StoreEvent? {
        try await write { [records, historyLimit] database in
            let transaction = StoreTransaction(
                database: database, records: records, author: signal.node, time: signal.received,
                historyLimit: historyLimit)
            return try transaction.append(signal).map { [$0] } ?? []
        }.first
    }

    package func record(_ deliveries: [DeliveredRevision]) async throws -> [StoreEvent] {
        try await write { [records, historyLimit] database in
            try deliveries.compactMap { delivered in
                try StoreTransaction(
                    database: database, records: records, author: delivered.node, time: delivered.time,
                    historyLimit: historyLimit
                ).record(delivered)
            }
        }
    }

    private func read<Result: Sendable>(
        _ body: @escaping @Sendable (Database, StoredRecords) throws -> Result
    ) async throws -> Result {
        do {
            return try await database.read { [records] in try body($0, records) }
        } catch {
            throw Self.translated(error)
        }
    }

    private func write(
        _ body: @escaping @Sendable (Database) throws -> [StoreEvent]
    ) async throws -> [StoreEvent] {
        do {
            let log = log
            return try await database.writeWithoutTransaction { database in
                var events: [StoreEvent] = []
                try database.inTransaction(.immediate) {
                    events = try body(database)
                    // The table is trimmed once in a while: a number of events more are no harm.
                    if let last = events.last?.revision, last % 1_000 < events.count {
                        try database.execute(
                            sql: "DELETE FROM event WHERE revision <= ?",
                            arguments: [last - Self.eventLimit])
                    }
                    return .commit
                }
                // Still the only writer: the order is that of the changes.
                log.publish(events)
                return events
            }
        } catch {
            throw Self.translated(error)
        }
    }

    private static func translated(_ error: any Error) -> StoreError {
        switch error {
        case let error as StoreError: error
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
            .full("no room for the change: \(error.message ?? "the disk is full")")
        case let error as DatabaseError:
            .unusable("the database cannot be used: \(error.message ?? "\(error.extendedResultCode)")")
        default: .unusable("\(error)")
        }
    }
}
