// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Keeps files from being written while a program is being started: the new process would hold them open for a moment,
/// and a script that somebody has open for writing cannot be run ("text file busy").
package enum SpawnGate {
    private static let lock = NSLock()

    package static func hold<Result>(_ body: () throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }
}
