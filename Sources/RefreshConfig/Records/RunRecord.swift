// SPDX-License-Identifier: Apache-2.0

/// What happened in one run, as its record has it.
///
/// The format is one JSON object a line, described in os-refresh-config(8) under RECORDS. Times are in microseconds, offsets from
/// the start of the run.
struct RunRecord: Sendable {
    /// How a hook ended.
    struct HookEnd: Sendable {
        var duration: Int
        /// A word of `HookEnding`.
        var result: String
        var status: Int
        var signal: Int?
        var reason: String?
        var errorLines: [String] = []

        var isSuccess: Bool { result == "success" }

        /// For people, without how long it took.
        var description: String {
            switch result {
            case "success", "exit-code": "exit status \(status)"
            case "signal": "killed by signal \(signal.map(String.init) ?? "?")"
            case "timeout": "out of time"
            case "stopped": "ended by signal \(signal.map(String.init) ?? "?")"
            case "not-started": reason ?? "it could not be started"
            default: result
            }
        }
    }

    struct HookRecord: Sendable {
        var phase: String
        /// Empty when the phase itself could not be begun.
        var hook: String
        var offset: Int
        /// Nil while it runs, or when the run ended without a word.
        var end: HookEnd?

        var isEnvironment: Bool { hook == HookEnvironment.directoryName }

        var name: String {
            if hook.isEmpty { return Phase.directory(of: phase) }
            return isEnvironment ? "\(hook) of \(phase)" : "\(Phase.directory(of: phase))/\(hook)"
        }
    }

    struct PhaseEnd: Sendable {
        var duration: Int
        /// `success` or `failed`.
        var result: String
    }

    struct PhaseRecord: Sendable {
        var phase: String
        var offset: Int
        /// Nil as that of a hook.
        var end: PhaseEnd?
    }

    /// How the run ended.
    struct RunEnd: Sendable {
        var duration: Int
        var status: Int
        /// `success`, `failed`, `timeout` or `stopped`.
        var result: String
    }

    let number: Int
    let path: String
    var started = ""
    var process = 0
    var base = ""
    var hooks: [HookRecord] = []
    var phases: [PhaseRecord] = []
    /// Nil while it runs, or when it ended without a word.
    var end: RunEnd?
    /// Whether the run goes on.
    var isRunning = false

    /// How the run stands, in one word.
    var state: String { end?.result ?? (isRunning ? "running" : "interrupted") }

    /// The hooks that failed, in the order in which they did. Those of `error.d` come last: a phase has failed before.
    var failures: [HookRecord] {
        let failed = hooks.filter { $0.end.map { !$0.isSuccess } ?? false }
        return failed.enumerated().sorted { left, right in
            let (one, other) = (left.element, right.element)
            let moments = [one, other].map { $0.offset + ($0.end?.duration ?? 0) }
            return moments[0] == moments[1] ? left.offset < right.offset : moments[0] < moments[1]
        }.map(\.element)
    }

    /// How many hooks of `phase` were begun.
    func count(of phase: String) -> Int {
        hooks.count { $0.phase == phase && !$0.isEnvironment && !$0.hook.isEmpty }
    }

    /// The last moment that is known of.
    var lastMoment: Int {
        let ends =
            hooks.map { $0.offset + ($0.end?.duration ?? 0) }
            + phases.map { $0.offset + ($0.end?.duration ?? 0) }
        return end?.duration ?? ends.max() ?? 0
    }
}
