// SPDX-License-Identifier: Apache-2.0

import Foundation
import MetadataStore
import MetadataStoreSQLite
import MetadataTree
import TestSupport
import Testing

@Suite("What the SQLite store keeps on its disk")
struct SQLiteStoreTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { directory.file("store.db") }

    private func node(_ name: String) -> NodeRecord {
        NodeRecord(
            name: name, metadata: JSONShape.object([("p", MetadataValue(string: "Heifs23jk3"))]),
            credentials: .init(token: "t0ken"))
    }

    @Test("all is there when it is opened again, numbers go on, and known changes can be followed")
    func reopening() async throws {
        let first = try await SQLiteMetadataStore(path: path).put(node("a"), author: "me")
        let store = try SQLiteMetadataStore(path: path)
        #expect(try await store.node("a")?.credentials.token == "t0ken")
        let second = try await store.put(node("b"), author: "me")
        #expect(try #require(second).revision > #require(first).revision)
        #expect(try store.events(after: 0).known.map(\.node) == ["a", "b"])
    }

    @Test("a sealed record is not to be found in the files, and needs its key")
    func sealing() async throws {
        let store = try SQLiteMetadataStore(path: path, seal: TurnedBytes())
        try await store.put(node("a"), author: "me")
        _ = try await store.append(
            Signal(
                node: "a", subject: "d", id: "1", status: .failed, reason: "Heifs23jk3",
                body: MetadataValue(string: "Heifs23jk3"), received: 1))
        for file in ["store.db", "store.db-wal"] {
            let bytes = FileManager.default.contents(atPath: directory.file(file)) ?? Data()
            #expect(bytes.range(of: Data("Heifs23jk3".utf8)) == nil, "\(file)")
            #expect(bytes.range(of: Data("t0ken".utf8)) == nil, "\(file)")
        }
        #expect(throws: StoreError.unusable("the records are encrypted, and no key is given")) {
            try SQLiteMetadataStore(path: path)
        }
    }

    @Test("a file that is no database is refused, and stays as it is")
    func noDatabase() throws {
        try directory.write("store.db", "this is not a database, it is a text that is long enough to be read")
        #expect(throws: StoreError.self) { try SQLiteMetadataStore(path: path) }
        #expect(directory.text("store.db")?.hasPrefix("this is not") == true)
    }
}
