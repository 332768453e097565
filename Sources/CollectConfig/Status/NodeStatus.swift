// SPDX-License-Identifier: Apache-2.0

/// How the collector and its sources are doing. Times are seconds since 1970.
struct NodeStatus: Sendable {
    enum Phase: String, Sendable {
        case starting, applying, sleeping
    }

    struct Source: Sendable {
        enum State: String, Sendable {
            case unasked
            case good = "ok"
            case down
            case notConfigured = "not-configured"
        }

        let name: String
        var state = State.unasked
        var lastSuccess: Int?
        var lastChange: Int?
        /// Whether nobody misses it when it is down: it was not named, and has never given anything.
        var isOptional = false
        /// Whether what was committed last stands in for what the source has now.
        var isStale = false
        var lastError: String?
        var polls = 0
        var changes = 0
        var failures = 0

        var isFine: Bool {
            state == .good || state == .notConfigured || (state == .down && isOptional)
        }
    }

    struct Command: Sendable {
        let started: Int
        /// Nil while it runs.
        var seconds: Double?
        /// As a shell tells it; nil while it runs, or when it could not be started.
        var status: Int32?
        var isOverTime = false

        var isSuccess: Bool { status == 0 && !isOverTime }
    }

    var phase = Phase.starting
    var sources: [Source] = []
    /// The last one.
    var command: Command?
    var commands = 0
    /// Whether there is a change with which the command has not succeeded.
    var isChangePending = false
    var nextPoll: Int?
    /// Why what was collected could not be kept.
    var error: String?

    /// Whether all sources that are configured answer, and the command has succeeded with what they have.
    var isConverged: Bool {
        phase == .sleeping && !isChangePending && sources.allSatisfy(\.isFine)
    }

    /// In words, for the service manager.
    var summary: String {
        switch phase {
        case .starting: return "Starting"
        case .applying: return "Running the command"
        case .sleeping: break
        }
        let down = sources.filter { !$0.isFine }.map(\.name)
        if let error { return "The metadata cannot be kept: \(error)" }
        if isChangePending {
            let status = command?.status.map { ": status \($0)" } ?? ""
            return "The command failed\(status); it will be run again"
        }
        if !down.isEmpty { return "Down: \(down.joined(separator: ", "))" }
        return "All sources answer, nothing to do"
    }
}
