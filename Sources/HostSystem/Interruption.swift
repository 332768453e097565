// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Work that a signal cancels, so that it can clean up behind itself.
package enum Interruption {
    private enum Event: Sendable {
        case done(Int32)
        case signal(Int32)
    }

    /// Runs `work`, which gives an exit status, and cancels it on SIGINT, SIGTERM and SIGHUP; once it has ended then, this
    /// process ends of the same signal.
    package static func watch(_ work: @Sendable @escaping () async -> Int32) async -> Int32 {
        let signals = SignalStream.of([SIGINT, SIGTERM, SIGHUP])
        return await withTaskGroup(of: Event?.self) { group in
            group.addTask { .done(await work()) }
            group.addTask {
                for await signal in signals { return .signal(signal) }
                return nil
            }
            var received: Int32?
            while let event = await group.next() {
                switch event {
                case .signal(let signal): received = signal
                case .done(let status):
                    if let received { SignalStream.die(of: received) }
                    group.cancelAll()
                    return status
                case nil: continue
                }
                group.cancelAll()
            }
            return 1
        }
    }
}
