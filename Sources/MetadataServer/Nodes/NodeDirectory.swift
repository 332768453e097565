// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataStore
import MetadataTree
import Synchronization
import SystemPackage

/// A directory of node files, loaded into a store and watched.
final class NodeDirectory: Sendable {
    private let path: FilePath
    private let store: any MetadataStore
    private let logger: Logger
    /// What each file last gave: it stays when the file cannot be read any more.
    private let good = Mutex<[String: (bytes: [UInt8], node: NodeRecord)]>([:])

    /// The nodes that are in the store because of it.
    private let served = Mutex<[String: NodeRecord]>([:])

    init(path: FilePath, store: any MetadataStore, logger: Logger) {
        self.path = path
        self.store = store
        self.logger = logger
    }

    /// Loads the directory, and again whenever it changes, until the task is cancelled. One that is replaced by another is
    /// found again.
    func watch() async throws {
        var isMissing = false
        while !Task.isCancelled {
            do {
                let changes = try FileWatcher.changes(in: path)
                isMissing = false
                // What changed before the watch began.
                try await load()
                for await _ in changes { try await load() }
            } catch {
                if !isMissing { logger.error("\(error), keeping the nodes as they are") }
                isMissing = true
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Reads all node files into the store. A file that cannot be used leaves its node as it was.
    ///
    /// - Throws: `HostError` when the directory cannot be listed.
    func load() async throws {
        var found: [(file: FilePath, node: NodeRecord)] = []
        var names: Set<String> = []
        var files: Set<String> = []
        for entry in try DirectoryListing.entries(of: path) {
            let name = entry.name
            guard let file = NodeFileName(name.string) else { continue }
            files.insert(name.string)
            guard let node = node(name, file) else { continue }
            guard !names.contains(node.name) else {
                logger.warning("\(path.appending(name)) is a second file of the node \(node.name), ignoring")
                continue
            }
            names.insert(node.name)
            found.append((path.appending(name), node))
        }
        // A file that is gone takes its node with it, for good.
        good.withLock { good in good = good.filter { files.contains($0.key) } }
        let former = served.withLock { $0 }
        let nodes = settled(found, former: former)
        let gone = Set(former.keys).subtracting(nodes.map(\.name))
        _ = try await store.commit(
            gone.sorted().map { .remove($0) } + nodes.map { .put($0) }, author: path.string)
        served.withLock { $0 = Dictionary(nodes.map { ($0.name, $0) }) { first, _ in first } }
    }

    /// No two of them with one key: who had it keeps it, else the first has it, and the other is what it was.
    private func settled(
        _ found: [(file: FilePath, node: NodeRecord)], former: [String: NodeRecord]
    ) -> [NodeRecord] {
        var found = found
        while true {
            let owners = owners(of: found.map(\.node), former: former)
            func taken(_ node: NodeRecord) -> NodeKey? {
                node.keys.first { $0.isUnique && owners[$0] != node.name }
            }
            let losers = found.indices.filter { taken(found[$0].node) != nil }
            guard !losers.isEmpty else { return found.map(\.node) }
            let reverting = losers.filter { place in
                let node = found[place].node
                return former[node.name].map { $0.keys != node.keys } ?? false
            }
            // A newcomer goes when all are what they were that can be, and nobody for one who goes himself: what he wants may be free then.
            let candidates = reverting.isEmpty ? losers : reverting
            let names = Set(losers.map { found[$0].node.name })
            let sure = candidates.filter { place in
                found[place].node.keys.contains { key in
                    guard key.isUnique, let owner = owners[key] else { return false }
                    return owner != found[place].node.name && !names.contains(owner)
                }
            }
            let going = sure.isEmpty ? Array(candidates.prefix(1)) : sure
            for place in going {
                let (file, node) = found[place]
                let key = taken(node)
                let owner = key.flatMap { owners[$0] } ?? ""
                logger.error("\(file) has the \(key?.kind ?? "") of the node \(owner), ignoring the file")
            }
            if reverting.isEmpty {
                let gone = Set(going)
                found = found.indices.filter { !gone.contains($0) }.map { found[$0] }
            } else {
                for place in going {
                    found[place].node = former[found[place].node.name] ?? found[place].node
                }
            }
        }
    }

    /// Who has each key.
    private func owners(of nodes: [NodeRecord], former: [String: NodeRecord]) -> [NodeKey: String] {
        var owners: [NodeKey: String] = [:]
        for node in nodes {
            for key in node.keys where key.isUnique {
                let hadIt = { (name: String) in former[name]?.keys.contains(key) == true }
                if let owner = owners[key], hadIt(owner) || !hadIt(node.name) { continue }
                owners[key] = node.name
            }
        }
        return owners
    }

    private func node(_ file: FilePath.Component, _ name: NodeFileName) -> NodeRecord? {
        let path = path.appending(file)
        let known = good.withLock { $0[file.string] }
        do {
            guard FileContents.status(path)?.isRegular == true else {
                throw NodeDocumentError(description: "\(path) is not a regular file")
            }
            let bytes = try FileContents.read(path)
            if let known, known.bytes == bytes { return known.node }
            let source = MetadataSource(name: path.string, bytes: bytes)
            let node = try NodeFile.read(source, name: name.node, isJSON: name.isJSON)
            good.withLock { $0[file.string] = (bytes, node) }
            return node
        } catch {
            logger.error("\(error)\(known == nil ? "" : ", keeping the node as it was")")
            return known?.node
        }
    }
}
