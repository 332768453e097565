// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The environment of this process, byte for byte.
package enum ProgramEnvironment {
    /// `NAME=value`, each.
    package static var entries: [[UInt8]] {
        var entries: [[UInt8]] = []
        var entry = environ
        while let text = entry.pointee {
            entries.append(
                text.withMemoryRebound(to: UInt8.self, capacity: strlen(text)) { bytes in
                    Array(UnsafeBufferPointer(start: bytes, count: strlen(text)))
                })
            entry += 1
        }
        return entries
    }
}
