// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A child whose end somebody of this process waits for: all others that end are orphans that we adopted.
package final class AwaitedChild: Sendable {
    private struct State {
        /// How many are being started, whose numbers are not known yet.
        var starting = 0
        var processes: Set<Int32> = []
    }

    private static let state = Mutex(State())
    private let process = Mutex<Int32?>(nil)

    /// Notes that a child is about to be started.
    init() {
        Self.state.withLock { $0.starting += 1 }
    }

    /// Notes the number of the child.
    func note(_ number: Int32) {
        process.withLock { $0 = number }
        Self.state.withLock { state in
            state.starting -= 1
            state.processes.insert(number)
        }
    }

    /// Notes that nobody waits any more, whether the child ever started or not.
    func end() {
        let number = process.withLock { $0 }
        Self.state.withLock { state in
            if let number { state.processes.remove(number) } else { state.starting -= 1 }
        }
    }

    /// Takes note of the ends of our children that nobody waits for, which would stay zombies.
    package static func reapOrphans() {
        guard ProcessTree.hasZombies else { return }
        // Nothing can be started meanwhile: it might be taken for an orphan, and its end be lost to whoever waits for it.
        state.withLock { state in
            if state.starting == 0 { ProcessTree.reapOrphans(except: state.processes) }
        }
    }
}
