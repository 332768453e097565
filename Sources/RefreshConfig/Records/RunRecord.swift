// SPDX-License-Identifier: Apache-2.0

/// What happened in one run, as its record has it.
///
/// The format is one JSON object a line, described in os-refresh-config(8) under RECORDS.
struct RunRecord: Sendable {
    struct HookRecord: Sendable {
        var phase: String
        var hook: String
        /// Microseconds from the start of the run.
        var offset: Int
        /// Microseconds; nil while it runs, or when the run ended without a word.
        var duration: Int?
        /// A word of `HookEnding`; nil as `duration`.
        var result: String?
        var status: Int?
        var signal: Int?
        var reason: String?
        var errorLines: [String] = []

        var name: String {
            hook == HookEnvironment.directoryName ? "\(hook) of \(phase)" : "\(phase).d/\(hook)"
        }
    }

    struct PhaseRecord: Sendable {
        var phase: String
        var offset: Int
        /// Nil as that of a hook; and `result`, `success` or `failed`, too.
        var duration: Int?
        var result: String?
    }

    let number: Int
    let path: String
    var started = ""
    var process = 0
    var base = ""
    var hooks: [HookRecord] = []
    var phases: [PhaseRecord] = []
    /// Microseconds; nil while it runs, or when the run ended without a word.
    var duration: Int?
    var status: Int?
    /// `success`, `failed`, `timeout` or `stopped`.
    var result: String?
    /// Whether the run goes on.
    var isRunning = false

    /// How the run stands, in one word.
    var state: String { result ?? (isRunning ? "running" : "interrupted") }

    /// What failed first, if something did: hooks of `error.d` do not count.
    var failure: HookRecord? {
        hooks.first { $0.phase != Phase.errors && $0.result != nil && $0.result != "success" }
    }

    /// The last moment that is known of, in microseconds.
    var lastMoment: Int {
        let ends =
            hooks.map { $0.offset + ($0.duration ?? 0) } + phases.map { $0.offset + ($0.duration ?? 0) }
        return duration ?? ends.max() ?? 0
    }
}
