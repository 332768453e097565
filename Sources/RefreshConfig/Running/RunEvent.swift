// SPDX-License-Identifier: Apache-2.0

import SystemPackage

/// What happens in a run, in the order in which it happens. Times are from the start of the run.
enum RunEvent: Sendable {
    case phaseStarted(String, HookDirectory, hooks: Int, at: Duration)
    /// The files of `environment.d` are about to be read.
    case environmentFound(HookEnvironment)
    /// The file of `environment.d` with which bash ended.
    case environmentFailed(FilePath)
    case hookStarted(Hook, at: Duration)
    case hookEnded(HookRun)
    case phaseEnded(String, at: Duration, duration: Duration, hooks: Int, isSuccess: Bool)
}

/// Takes note of what happens in a run.
protocol RunObserver: Sendable {
    func note(_ event: RunEvent)
}

/// Times a run and tells what happens in it.
struct RunReporter: Sendable {
    private let start = ContinuousClock.now
    private let observers: [any RunObserver]

    init(_ observers: [any RunObserver]) {
        self.observers = observers
    }

    /// Since the start of the run.
    var elapsed: Duration { ContinuousClock.now - start }

    func tell(_ event: RunEvent) {
        for observer in observers { observer.note(event) }
    }
}
