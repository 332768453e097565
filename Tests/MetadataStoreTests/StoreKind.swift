// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import MetadataStoreSQLite
import TestSupport
import Testing

/// A kind of store, empty each time.
struct StoreKind: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (TemporaryDirectory, @escaping @Sendable () -> Int) throws -> any MetadataStore

    static let all = [
        StoreKind(testDescription: "memory") { _, now in InMemoryMetadataStore(historyLimit: 3, now: now) },
        StoreKind(testDescription: "SQLite") { directory, now in
            try SQLiteMetadataStore(path: directory.file("store.db"), historyLimit: 3, now: now)
        },
        StoreKind(testDescription: "SQLite, sealed") { directory, now in
            try SQLiteMetadataStore(
                path: directory.file("store.db"), seal: TurnedBytes(), historyLimit: 3, now: now)
        },
    ]
}

/// Turns each byte: no secret, but not to be read by accident.
struct TurnedBytes: RecordSeal {
    func seal(_ bytes: [UInt8], as name: String) -> [UInt8] {
        [0] + (Array(name.utf8) + [0] + bytes).map { ~$0 }
    }

    func open(_ bytes: [UInt8], as name: String) throws -> [UInt8] {
        let plain = bytes.dropFirst().map { ~$0 }
        let head = Array(name.utf8) + [0]
        guard plain.starts(with: head) else { throw StoreError.unusable("another name") }
        return Array(plain.dropFirst(head.count))
    }
}
