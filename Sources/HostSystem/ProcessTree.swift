// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import SystemPackage

/// The processes that descend from one, found in `/proc`.
package enum ProcessTree {
    /// The process and its living descendants, parents first.
    package static func members(of process: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        for (child, parent) in allProcesses() { children[parent, default: []].append(child) }
        var members = [process]
        var next = 0
        while next < members.count {
            members.append(contentsOf: children[members[next]] ?? [])
            next += 1
        }
        return members
    }

    private static func children(of process: Int32) -> [Int32] {
        allProcesses().filter { $0.parent == process }.map(\.process)
    }

    /// Sends `signal` to every process of `members`.
    package static func signal(_ members: [Int32], _ signal: Int32) {
        for member in members { kill(member, signal) }
    }

    private static func allProcesses() -> [(process: Int32, parent: Int32)] {
        let entries = (try? DirectoryListing.entries(of: "/proc")) ?? []
        return entries.compactMap { entry in
            guard let process = Int32(entry.name.string), let parent = parent(of: process) else { return nil }
            return (process, parent)
        }
    }

    /// The parent of a process that is not a zombie (proc_pid_stat(5): the fourth field, behind a name in brackets).
    private static func parent(of process: Int32) -> Int32? {
        guard let bytes = try? FileContents.read(FilePath("/proc/\(process)/stat")),
            let bracket = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(bracket + 1)...].split(separator: 0x20).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard fields.count > 1, fields[0] != "Z" else { return nil }
        return Int32(fields[1])
    }
}

extension ProcessTree {
    /// The children of this process: from the lists of its threads (proc_pid_task(5), `children`) where the kernel has
    /// them, which costs no look at every process of the machine.
    package static var ownChildren: [Int32] {
        let threads = (try? DirectoryListing.entries(of: "/proc/self/task")) ?? []
        var children: [Int32] = []
        for thread in threads {
            let list = FilePath("/proc/self/task").appending(thread.name).appending("children")
            guard let bytes = try? FileContents.read(list) else { return self.children(of: getpid()) }
            children += bytes.split(separator: 0x20).compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
        }
        return children.filter { parent(of: $0) != nil }
    }

    package static func isAlive(_ process: Int32) -> Bool { parent(of: process) != nil }

    /// Whether processes can be seen: in a bare chroot there is no `/proc`. libdispatch, which runs what waits side by side,
    /// ends the process when it cannot look at its threads there.
    package static let isVisible = access("/proc/self/stat", F_OK) == 0

    /// Makes the orphans among our descendants our children, so that none leaves the tree by losing its parent.
    package static func adoptOrphans() { _ = os_set_child_subreaper(1) }
}

extension ProcessTree {
    /// Ends `process`, if it still has to be ended, what descends from it, and what became our child since `spared` were our children: asks, waits
    /// for `grace`, kills. What is started meanwhile is found too.
    ///
    /// Nothing leaves the tree where `adoptOrphans` was called before.
    package static func end(_ process: Int32?, sparing spared: Set<Int32>, grace: Duration) async {
        func living() -> [Int32] {
            let orphans = ownChildren.filter { $0 != process && !spared.contains($0) }
            return ((process.map { [$0] } ?? []) + orphans).flatMap { members(of: $0) }.filter(isAlive)
        }
        var asked: Set<Int32> = []
        let deadline = ContinuousClock.now + grace
        while ContinuousClock.now < deadline {
            let members = living()
            if members.isEmpty { return }
            signal(members.filter { asked.insert($0).inserted }, SIGTERM)
            try? await Task.sleep(for: .milliseconds(10))
        }
        // A process that forks as fast as it is killed is outrun in the end; one that cannot be killed is left.
        for _ in 0..<200 {
            let members = living()
            if members.isEmpty { return }
            signal(members, SIGKILL)
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}
