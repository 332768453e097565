// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables. What a migration made stays as it is: a change is a further migration.
enum StoreSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    -- A change each; the numbers are never used again.
                    CREATE TABLE event (
                        revision INTEGER PRIMARY KEY AUTOINCREMENT,
                        kind TEXT NOT NULL, node TEXT NOT NULL, author TEXT NOT NULL, time INTEGER NOT NULL
                    );
                    CREATE TABLE node (
                        name TEXT PRIMARY KEY, revision INTEGER NOT NULL, modified INTEGER NOT NULL,
                        record BLOB NOT NULL
                    ) WITHOUT ROWID;
                    -- What a node is found by.
                    CREATE TABLE node_key (
                        kind TEXT NOT NULL, value TEXT NOT NULL, node TEXT NOT NULL,
                        PRIMARY KEY (kind, value, node)
                    ) WITHOUT ROWID;
                    CREATE INDEX node_key_node ON node_key (node);
                    -- The record is null where the node was removed.
                    CREATE TABLE history (
                        node TEXT NOT NULL, revision INTEGER NOT NULL, kind TEXT NOT NULL,
                        author TEXT NOT NULL, time INTEGER NOT NULL, record BLOB,
                        PRIMARY KEY (node, revision)
                    ) WITHOUT ROWID;
                    CREATE TABLE signal (
                        revision INTEGER PRIMARY KEY, node TEXT NOT NULL, subject TEXT NOT NULL,
                        id TEXT NOT NULL, received INTEGER NOT NULL, record BLOB NOT NULL,
                        UNIQUE (node, subject, id)
                    );
                    """)
        }
        migrator.registerMigration("2") { database in
            try database.execute(
                sql: """
                    -- The last revision of itself that a node has got.
                    CREATE TABLE delivery (
                        node TEXT PRIMARY KEY, revision INTEGER NOT NULL, time INTEGER NOT NULL
                    ) WITHOUT ROWID;
                    -- Nodes that have nothing but a history.
                    CREATE TABLE removal (node TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
                    INSERT INTO removal SELECT node, max(revision) FROM history
                        WHERE node NOT IN (SELECT name FROM node) GROUP BY node;
                    """)
        }
        return migrator
    }
}
