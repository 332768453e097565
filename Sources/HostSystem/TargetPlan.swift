// SPDX-License-Identifier: Apache-2.0

/// What a file is to have; what is nil stays as the target has it (a new file: 0644, the caller's ids).
package struct FileAttributes: Sendable, Equatable {
    package var mode: UInt32?
    package var owner: UInt32?
    package var group: UInt32?

    package init(mode: UInt32? = nil, owner: UInt32? = nil, group: UInt32? = nil) {
        self.mode = mode
        self.owner = owner
        self.group = group
    }
}

/// What stands at a path, and what is to become of it.
package struct TargetPlan: Sendable {
    /// What committing makes of a path.
    package enum Change: Sendable, Equatable {
        case write, keep, remove, stayAbsent

        package var isNothing: Bool { self == .keep || self == .stayAbsent }
    }

    /// What is there now, not following a link.
    package enum Present: Sendable, Equatable {
        case nothing, file, link, other
    }

    package let change: Change
    package let present: Present
    /// Mode and owners that are kept where nothing else is asked for: those of the file, of what a link leads to, or
    /// of the FIFO or socket. Nil when there is nothing.
    package let current: FileAttributes?
    /// What the file will have.
    package let wanted: FileAttributes
    /// Whether something is mounted there: it can be rewritten, but not replaced.
    package let isMountPoint: Bool
}
