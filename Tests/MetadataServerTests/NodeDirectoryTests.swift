// SPDX-License-Identifier: Apache-2.0

import Logging
import MetadataStore
import MetadataTree
import SystemPackage
import TestSupport
import Testing

@testable import MetadataServer

@Suite("A directory of node files")
struct NodeDirectoryTests {
    private let directory: TemporaryDirectory
    private let store = InMemoryMetadataStore()
    private let nodes: NodeDirectory

    init() throws {
        directory = try TemporaryDirectory()
        nodes = NodeDirectory(
            path: FilePath(directory.path), store: store,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Writes node files, with a value and an access key each, and says what is served then.
    private func load(_ files: [(name: String, value: Int, key: String)]) async throws -> [String] {
        for file in files {
            let key = "{access_key_id: \(file.key), secret_access_key: s}"
            try directory.write(
                "\(file.name).yaml", "metadata: {v: \(file.value)}\ncredentials: {cfn: \(key)}\n")
        }
        try await nodes.load()
        return store.nodes(after: nil, limit: 10).map { node in
            let value = node.metadata.object?["v"].map { JSONWriter.text(of: $0) } ?? ""
            return "\(node.name) \(value) \(node.credentials.cloudFormation?.accessKey ?? "")"
        }
    }

    @Test("a key that is another node's changes nothing of its own node, whichever file comes first")
    func taken() async throws {
        #expect(
            try await load([("a", 1, "K1"), ("b", 1, "K2"), ("c", 1, "K3")]) == [
                "a 1 K1", "b 1 K2", "c 1 K3",
            ])
        #expect(try await load([("a", 2, "K2")]) == ["a 1 K1", "b 1 K2", "c 1 K3"])
        #expect(try await load([("a", 2, "K1"), ("c", 2, "K1")]) == ["a 2 K1", "b 1 K2", "c 1 K3"])
        // A new one with it is not there at all.
        #expect(try await load([("0", 1, "K2")]) == ["a 2 K1", "b 1 K2", "c 1 K3"])
    }

    @Test("nodes may exchange their keys, and have one that is not used any more")
    func exchanged() async throws {
        _ = try await load([("a", 1, "K1"), ("b", 1, "K2")])
        #expect(try await load([("a", 1, "K2"), ("b", 1, "K1")]) == ["a 1 K2", "b 1 K1"])
        #expect(try await load([("a", 1, "K3"), ("b", 1, "K2")]) == ["a 1 K3", "b 1 K2"])
    }

    @Test("a new node has the key that another did not get after all")
    func newcomer() async throws {
        _ = try await load([("a", 1, "K1"), ("b", 1, "K2")])
        // b wants K3 as well, and what is 0's: it stays what it was, so K3 is x's.
        try directory.write("0.yaml", "credentials: {heat: {user_id: u, password: p}}\n")
        let (cfn, heat) = ("{access_key_id: K3, secret_access_key: s}", "{user_id: u, password: p}")
        try directory.write("b.yaml", "metadata: {v: 2}\ncredentials: {cfn: \(cfn), heat: \(heat)}\n")
        #expect(try await load([("x", 1, "K3")]) == ["0  ", "a 1 K1", "b 1 K2", "x 1 K3"])
    }

    @Test("nobody goes for one who goes himself, whether they are new or have changed")
    func loserOfALoser() async throws {
        let heat = "{user_id: u, password: p}"
        func both(_ key: String) -> String {
            "credentials: {cfn: {access_key_id: \(key), secret_access_key: s}, heat: \(heat)}\n"
        }
        try directory.write("c.yaml", "credentials: {heat: \(heat)}\n")
        _ = try await load([("a", 1, "K1"), ("b", 1, "K2")])
        try directory.write("a.yaml", both("K3"))
        #expect(try await load([("b", 2, "K3")]) == ["a 1 K1", "b 2 K3", "c  "])
        try directory.write("n1.yaml", both("K"))
        #expect(try await load([("n2", 1, "K")]) == ["a 1 K1", "b 2 K3", "c  ", "n2 1 K"])
    }

    @Test("of a thousand with one key the first has it", .timeLimit(.minutes(1)))
    func many() async throws {
        let files = (0..<1_000).map { ("n\($0)", 1, "K") }
        #expect(try await load(files) == ["n0 1 K"])
    }

    @Test("who would take the key of a node that has to stay what it was does not get it")
    func chain() async throws {
        _ = try await load([("a", 1, "K1"), ("b", 1, "K2"), ("c", 1, "K3")])
        // a wants b's, which keeps it; so a keeps its own, and c cannot have it.
        #expect(try await load([("a", 2, "K2"), ("c", 2, "K1")]) == ["a 1 K1", "b 1 K2", "c 1 K3"])
    }
}
