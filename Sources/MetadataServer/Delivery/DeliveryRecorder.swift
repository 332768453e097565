// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import MetadataStore
import Synchronization

/// Keeps in the store which revision each node has got. Nobody waits for it: what comes while it writes is written together then.
final class DeliveryRecorder: Sendable {
    /// To the byte: names that look the same are equal, and those of two nodes.
    private typealias Name = [UInt8]

    private struct State {
        /// The latest revision of each that was noted.
        var noted: [Name: Int] = [:]
        /// What is to be written.
        var open: [Name: DeliveredRevision] = [:]
        /// What could not be written.
        var failed: [Name: DeliveredRevision] = [:]
        var isPausing = false

        /// What has failed is to be written again, but where something later has taken its place.
        mutating func reopen() {
            for (name, delivered) in failed where noted[name] == delivered.revision { open[name] = delivered }
            failed = [:]
            isPausing = false
        }
    }

    /// How many nodes are tried alone before the others wait too.
    private static let patience = 8

    private let logger: Logger
    private let pause: Duration
    private let record: @Sendable ([DeliveredRevision]) async throws -> Void
    private let state = Mutex(State())
    private let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - pause: before that is tried again which could not be written.
    ///   - record: writes all of them or none.
    init(
        logger: Logger, pause: Duration = .seconds(5),
        record: @escaping @Sendable ([DeliveredRevision]) async throws -> Void
    ) {
        self.logger = logger
        self.pause = pause
        self.record = record
    }

    /// The node has what it is at `revision`.
    func note(_ node: String, revision: Int) {
        let name = Name(node.utf8)
        let isNew = state.withLock { state in
            // An answer that was begun before another may come after it.
            guard revision > state.noted[name] ?? 0 else { return false }
            state.noted[name] = revision
            state.open[name] = DeliveredRevision(node: node, revision: revision, time: time(nil))
            return true
        }
        if isNew { wake.yield() }
    }

    /// Writes until its task is cancelled. What cannot be written is tried again, without being in the way of others.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await _ in wakes {
                let open = state.withLock { state in
                    defer { state.open = [:] }
                    return Array(state.open.values)
                }
                let (failed, reason) = await write(open)
                guard let reason, !failed.isEmpty, !Task.isCancelled else { continue }
                let begins = state.withLock { state in
                    for delivered in failed { state.failed[Name(delivered.node.utf8)] = delivered }
                    defer { state.isPausing = true }
                    return !state.isPausing
                }
                // One pause, and one line, for all that fails in it.
                guard begins else { continue }
                logger.error("cannot keep what \(failed.count) nodes have got: \(reason)")
                group.addTask { [self] in
                    guard (try? await Task.sleep(for: pause)) != nil else { return }
                    state.withLock { $0.reopen() }
                    wake.yield()
                }
            }
        }
    }

    /// - Returns: those that could not be written, and why the last of them could not.
    private func write(
        _ deliveries: [DeliveredRevision]
    ) async -> (failed: [DeliveredRevision], reason: (any Error)?) {
        var failed: [DeliveredRevision] = []
        var reason: (any Error)?
        // A part that fails is halved, to find which of it is in the way.
        var parts = [deliveries[...]]
        while let part = parts.popLast() {
            guard !part.isEmpty else { continue }
            // So many, and it is the store.
            guard failed.count < Self.patience else {
                failed += part
                continue
            }
            do { try await record(Array(part)) } catch {
                reason = error
                if part.count == 1 {
                    failed += part
                } else {
                    let middle = part.startIndex + part.count / 2
                    parts += [part[..<middle], part[middle...]]
                }
            }
        }
        return (failed, reason)
    }
}
