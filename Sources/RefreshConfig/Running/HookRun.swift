// SPDX-License-Identifier: Apache-2.0

/// A hook that was run.
struct HookRun: Sendable {
    let hook: Hook
    /// From the start of the run.
    let offset: Duration
    let duration: Duration
    let ending: HookEnding
    /// The last lines of its standard error, where they are captured.
    var errorLines: [String]?
}
