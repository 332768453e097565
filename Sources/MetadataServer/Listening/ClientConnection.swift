// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import NIOCore
import Synchronization

/// A connection that a client has made, and what is to be done when it is gone.
final class ClientConnection: Sendable {
    let channel: any Channel
    /// The address of whoever has made it, as `IPAddress` writes them; `ClientAddresses.unixSocket` by a unix socket. Nil: he was gone before it
    /// could be asked for.
    let address: String?
    /// Nil: the connection is closed.
    private let endings: Mutex<[Int: @Sendable () -> Void]?> = Mutex([:])
    private let nextEnding = Atomic(0)

    init(_ channel: any Channel) {
        self.channel = channel
        // Once it is closed there is none any more.
        address =
            switch channel.localAddress {
            case .unixDomainSocket?: ClientAddresses.unixSocket
            default: channel.remoteAddress?.ipAddress.flatMap(IPAddress.canonical)
            }
        channel.closeFuture.whenComplete { _ in self.end() }
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
