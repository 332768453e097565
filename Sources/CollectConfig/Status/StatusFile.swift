// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage

/// The file in which the daemon keeps its status.
struct StatusFile: Sendable {
    /// What the file holds.
    struct Kept: Sendable {
        let status: NodeStatus
        /// Whether the process that kept it is still there.
        let isAlive: Bool
        let document: MetadataValue
    }

    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    let path: FilePath

    /// How often a process that could have ended without a word is looked at.
    private static let glance = Duration.seconds(1)

    /// - Throws: `HostError` when there is none, `Unreadable`.
    func read() throws -> Kept {
        let document = try JSONParser.parse(try FileContents.read(path), name: path.string)
        guard let status = NodeStatus(document), let keeper = ProcessIdentity(keeperOf: document) else {
            throw Unreadable(description: "\(path) is not a status of os-collect-config")
        }
        return Kept(status: status, isAlive: keeper.isAlive, document: document)
    }

    /// Waits until a daemon has converged, at most for `limit`.
    func waitUntilConverged(limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        while !isConverged, ContinuousClock.now < deadline {
            let glance = min(Self.glance, deadline - .now)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await Task.sleep(for: glance) }
                group.addTask { await FileChanges(paths: [path]).next() }
                await group.next()
                group.cancelAll()
            }
        }
    }

    private var isConverged: Bool {
        guard let kept = try? read() else { return false }
        return kept.isAlive && kept.status.isConverged
    }
}
