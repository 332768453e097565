// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// What tells a process from all others, before and after it, of this machine.
package struct ProcessIdentity: Sendable, Equatable {
    package let number: Int
    /// The boot and the time in it when the process was started.
    package let started: String

    package init(number: Int, started: String) {
        self.number = number
        self.started = started
    }

    /// The process that has the number now; nil when there is none.
    package init?(of number: Int) {
        guard number > 0, let bytes = try? FileContents.read(FilePath("/proc/\(number)/stat")),
            let bracket = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        // proc_pid_stat(5): field 22, the 20th behind the name.
        let fields = bytes[(bracket + 1)...].split(separator: 0x20)
        guard fields.count > 19, fields[0].first != UInt8(ascii: "Z") else { return nil }
        let boot = (try? FileContents.read("/proc/sys/kernel/random/boot_id")) ?? []
        let ticks = String(decoding: fields[19], as: UTF8.self)
        self.init(
            number: number, started: String(decoding: boot.prefix { $0 != 0x0A }, as: UTF8.self) + "/" + ticks
        )
    }

    /// This process.
    package static let own =
        ProcessIdentity(of: Int(getpid())) ?? ProcessIdentity(number: Int(getpid()), started: "")

    /// Whether it has not ended.
    package var isAlive: Bool { ProcessIdentity(of: number) == self }
}
