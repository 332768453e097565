// SPDX-License-Identifier: Apache-2.0

import CLinux
import Dispatch
import Glibc
import SystemPackage

/// The processes that descend from one, found in `/proc`.
package enum ProcessTree {
    /// The process and its living descendants, parents first.
    package static func members(of process: Int32) -> [Int32] { members(of: [process]) }

    /// As `members(of:)`, of several processes.
    private static func members(of roots: [Int32]) -> [Int32] {
        guard !roots.isEmpty else { return [] }
        var children: [Int32: [Int32]] = [:]
        for (child, parent) in allProcesses() { children[parent, default: []].append(child) }
        var members = roots
        var next = 0
        while next < members.count {
            members.append(contentsOf: children[members[next]] ?? [])
            next += 1
        }
        return members
    }

    /// Sends `signal` to every process of `members`.
    package static func signal(_ members: [Int32], _ signal: Int32) {
        for member in members { kill(member, signal) }
    }

    private static func allProcesses(withZombies: Bool = false) -> [(process: Int32, parent: Int32)] {
        let entries = (try? DirectoryListing.entries(of: "/proc")) ?? []
        return entries.compactMap { entry in
            guard let process = Int32(entry.name.string), let status = Status(process),
                withZombies || !status.isZombie
            else { return nil }
            return (process, status.parent)
        }
    }

    /// What proc_pid_stat(5) says behind the name in brackets.
    private struct Status {
        let isZombie: Bool
        let parent: Int32
        let session: Int32

        /// Nil when there is no such process.
        init?(_ process: Int32) {
            guard let bytes = try? FileContents.read(FilePath("/proc/\(process)/stat")),
                let bracket = bytes.lastIndex(of: UInt8(ascii: ")"))
            else { return nil }
            let fields = bytes[(bracket + 1)...].split(separator: 0x20, maxSplits: 4)
            guard fields.count > 3, let parent = Int32(String(decoding: fields[1], as: UTF8.self)),
                let session = Int32(String(decoding: fields[3], as: UTF8.self))
            else { return nil }
            isZombie = fields[0].first == UInt8(ascii: "Z")
            self.parent = parent
            self.session = session
        }
    }

    /// The session of a process, if it is another than ours.
    package static func foreignSession(of process: Int32) -> Int32? {
        Status(process).map(\.session).flatMap { $0 == getsid(0) ? nil : $0 }
    }

    package static func isAlive(_ process: Int32) -> Bool { Status(process).map { !$0.isZombie } ?? false }

    /// Whether processes can be seen: in a bare chroot there is no `/proc`. libdispatch, which runs what waits side by side,
    /// ends the process when it cannot look at its threads there.
    package static let isVisible = access("/proc/self/stat", F_OK) == 0
}

// MARK: Our own children

extension ProcessTree {
    /// Makes the orphans among our descendants our children, so that none leaves the tree by losing its parent.
    package static func adoptOrphans() { _ = os_set_child_subreaper(1) }

    /// The living children of this process.
    package static var ownChildren: [Int32] { childrenAndZombies.filter(isAlive) }

    /// From the lists of its threads (proc_pid_task(5), `children`) where the kernel has them, which costs no look at every
    /// process of the machine.
    private static var childrenAndZombies: [Int32] {
        guard hasChildren else { return [] }
        let threads = (try? DirectoryListing.entries(of: "/proc/self/task")) ?? []
        var children: [Int32] = []
        for thread in threads {
            let list = FilePath("/proc/self/task").appending(thread.name).appending("children")
            guard let bytes = try? FileContents.read(list) else {
                return allProcesses(withZombies: true).filter { $0.parent == getpid() }.map(\.process)
            }
            children += bytes.split(separator: 0x20).compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
        }
        return children
    }

    private static var hasChildren: Bool { waitsForChild() != nil }

    /// Whether a child has ended and nobody has taken note of it.
    package static var hasZombies: Bool { waitsForChild() == true }

    /// Whether a child has ended; nil when there are none.
    private static func waitsForChild() -> Bool? {
        var information = siginfo_t()
        information.si_signo = 0
        guard waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 else {
            return errno == ECHILD ? nil : false
        }
        return information.si_signo == SIGCHLD
    }

    /// Takes note of the ends of our children, but for those of `watched`, that somebody else waits for: adopted orphans, which
    /// would stay zombies.
    package static func reapOrphans(except watched: Set<Int32>) {
        for child in childrenAndZombies where !watched.contains(child) { waitpid(child, nil, WNOHANG) }
    }

    /// The value of a variable in the environment that a process was started with; nil when it has none, or it cannot be seen.
    package static func variable(_ name: String, of process: Int32) -> String? {
        let start = Array("\(name)=".utf8)
        let entries = (try? FileContents.read(FilePath("/proc/\(process)/environ")))?.split(separator: 0)
        return entries?.first { $0.starts(with: start) }
            .map { String(decoding: $0.dropFirst(start.count), as: UTF8.self) }
    }

    /// Ends those of our children that `isMeant`, and all that descends from them: asks, waits until `isOverdue`, kills.
    ///
    /// While it waits, what a process starts to clean up behind itself is left alone; what has lost its parent is asked too.
    /// Nothing leaves the tree where `adoptOrphans` was called before: as long as one of its processes is there, so is a child
    /// of ours.
    package static func endChildren(
        _ isMeant: (Int32) -> Bool, overdue isOverdue: () -> Bool
    ) async {
        // A list that is read while one of its processes ends may lack another: nothing has to be there twice.
        func roots() -> [Int32] {
            let roots = ownChildren.filter(isMeant)
            return roots.isEmpty ? ownChildren.filter(isMeant) : roots
        }
        // Parents first: a shell whose program is ended would go on with the next.
        let first = members(of: roots())
        ask(first)
        var asked = Set(first)
        var pause = 5
        while !isOverdue() {
            let roots = roots()
            if roots.isEmpty { return }
            ask(roots.filter { asked.insert($0).inserted })
            await Pause.uncancelled(.milliseconds(pause))
            pause = min(pause * 2, 40)
        }
        // What is stopped cannot start another while the others are killed. One that cannot be killed is left.
        var frozen: Set<Int32> = []
        for _ in 0..<200 {
            let roots = roots()
            if roots.isEmpty { return }
            freeze(members(of: roots), &frozen)
            let all = members(of: roots)
            if all.allSatisfy(frozen.contains) { signal(all, SIGKILL) }
            await Pause.uncancelled(.milliseconds(5))
        }
        signal(members(of: roots()), SIGKILL)
    }

    private static func ask(_ members: [Int32]) {
        signal(members, SIGTERM)
        // One that is stopped would not hear it.
        signal(members, SIGCONT)
    }

    private static func freeze(_ members: [Int32], _ frozen: inout Set<Int32>) {
        signal(members.filter { frozen.insert($0).inserted }, SIGSTOP)
    }

    /// As the other, of all children but `spared`.
    package static func endChildren(sparing spared: Set<Int32>, grace: Duration) async {
        let deadline = ContinuousClock.now + grace
        await endChildren({ !spared.contains($0) }, overdue: { ContinuousClock.now >= deadline })
    }
}
