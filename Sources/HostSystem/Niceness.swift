// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// The niceness that this process was started with (nice(1)), which the programs it starts are to have too.
///
/// libdispatch gives its threads one of its own where it may, and a program inherits that of the thread that starts it.
enum Niceness {
    private static let ofProcess = __priority_which_t(PRIO_PROCESS.rawValue)

    static func restore() {
        let own = getpriority(ofProcess, id_t(getpid()))
        guard own != 0 else { return }
        for thread in (try? DirectoryListing.entries(of: "/proc/self/task")) ?? [] {
            guard let number = id_t(thread.name.string) else { continue }
            setpriority(ofProcess, number, own)
        }
    }
}
