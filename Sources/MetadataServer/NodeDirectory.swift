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
    private let feed: ChangeFeed
    private let logger: Logger
    /// What each file last gave: it stays when the file cannot be read any more.
    private let good = Mutex<[String: (bytes: [UInt8], node: NodeRecord)]>([:])

    init(path: FilePath, store: any MetadataStore, feed: ChangeFeed, logger: Logger) {
        self.path = path
        self.store = store
        self.feed = feed
        self.logger = logger
    }

    /// Loads the directory, and again whenever it changes, until the task is cancelled.
    func watch() async throws {
        let changes = try FileWatcher.changes(in: path)
        // What changed between the first load and the watch.
        try await load()
        for await _ in changes {
            do {
                try await load()
            } catch {
                logger.error("\(error), keeping the nodes as they are")
            }
        }
    }

    /// Reads all node files into the store. A file that cannot be used leaves its node as it was.
    ///
    /// - Throws: `HostError` when the directory cannot be listed.
    func load() async throws {
        var nodes: [NodeRecord] = []
        for entry in try DirectoryListing.entries(of: path) {
            let name = entry.name
            guard let type = name.extension, ["yaml", "yml", "json"].contains(type), !name.stem.hasPrefix(".")
            else {
                continue
            }
            guard let node = node(name, isJSON: type == "json") else { continue }
            if nodes.contains(where: { $0.name == node.name }) {
                logger.warning("\(path.appending(name)) is a second file of the node \(node.name), ignoring")
                continue
            }
            nodes.append(node)
        }
        let changed = try await store.replaceAll(nodes)
        feed.publish(changed)
    }

    private func node(_ file: FilePath.Component, isJSON: Bool) -> NodeRecord? {
        let path = path.appending(file)
        let known = good.withLock { $0[file.string] }
        do {
            let (bytes, status) = try FileContents.readWithStatus(path)
            if let known, known.bytes == bytes { return known.node }
            let source = MetadataSource(name: path.string, bytes: bytes)
            let node = try NodeFile.read(source, name: file.stem, isJSON: isJSON, modified: status.modified)
            good.withLock { $0[file.string] = (bytes, node) }
            return node
        } catch {
            logger.error("\(error)\(known == nil ? "" : ", keeping the node as it was")")
            return known?.node
        }
    }
}
