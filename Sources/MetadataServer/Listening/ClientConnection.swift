// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import NIOCore
import Synchronization

/// A connection that a client has made, and what is to be done when it is gone.
final class ClientConnection: Sendable {
    let channel: any Channel
    /// Nil: the connection is closed.
    private let endings: Mutex<[Int: @Sendable () -> Void]?> = Mutex([:])
    private let nextEnding = Atomic(0)

    init(_ channel: any Channel) {
        self.channel = channel
        channel.closeFuture.whenComplete { _ in self.end() }
    }

    /// The address of whoever has made it, as `IPAddress` writes them; `ClientAddresses.unixSocket` for those that have none.
    var address: String? {
        guard let remote = channel.remoteAddress else { return ClientAddresses.unixSocket }
        if case .unixDomainSocket = remote { return ClientAddresses.unixSocket }
        return remote.ipAddress.flatMap(IPAddress.canonical)
    }

    /// What `whenClosed` gives, for `forget`.
    struct Ending: Sendable { fileprivate let id: Int }

    /// Does `action` once, when the connection is closed, or now if it is; unless `forget` comes before.
    func whenClosed(_ action: @escaping @Sendable () -> Void) -> Ending {
        let id = nextEnding.add(1, ordering: .relaxed).newValue
        let isClosed = endings.withLock { endings in
            endings?[id] = action
            return endings == nil
        }
        if isClosed { action() }
        return Ending(id: id)
    }

    func forget(_ ending: Ending) { endings.withLock { _ = $0?.removeValue(forKey: ending.id) } }

    private func end() {
        let all = endings.withLock { endings in
            defer { endings = nil }
            return endings?.values.map(\.self) ?? []
        }
        for ending in all { ending() }
    }
}
