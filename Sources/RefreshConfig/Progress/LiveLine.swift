// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Synchronization

/// Shows a person at a terminal which hooks run, and since when, on one line that stays at the bottom.
final class LiveLine: RunObserver {
    private struct State {
        var line: BottomLine
        var phase = ""
        var total = 0
        var ended = 0
        var running: [(hook: Hook, since: ContinuousClock.Instant)] = []
    }

    /// What is over before that is not shown.
    private static let patience = Duration.milliseconds(300)
    private static let pause = Duration.milliseconds(200)

    private let state: Mutex<State>

    init(environment: [String: String]) {
        state = Mutex(State(line: BottomLine(environment: environment)))
    }

    func note(_ event: RunEvent) {
        state.withLock { state in
            switch event {
            case .phaseStarted(let phase, _, let hooks, _):
                (state.phase, state.total, state.ended) = (phase, hooks, 0)
            case .hookStarted(let hook, _): state.running.append((hook, ContinuousClock.now))
            case .hookEnded(let run):
                state.running.removeAll { $0.hook == run.hook }
                state.ended += run.hook.isEnvironment ? 0 : 1
            case .environmentFound, .environmentFailed, .phaseEnded: break
            }
        }
    }

    /// Keeps the line up to date, until the task is cancelled.
    func run() async {
        while (try? await Task.sleep(for: Self.pause)) != nil {
            state.withLock { state in
                guard let first = state.running.first else { return }
                let time = ContinuousClock.now - first.since
                guard time >= Self.patience else { return }
                let names = state.running.map(\.hook.name).joined(separator: ", ")
                let seconds = SecondsText.fixed(microseconds: time.inMicroseconds, decimals: 1)
                state.line.show(
                    Printable.name(
                        "\(state.phase) \(min(state.ended + 1, max(state.total, 1)))/\(state.total)  \(names)  \(seconds) s"
                    ))
            }
        }
        hide()
    }

    func hide() {
        state.withLock { $0.line.hide() }
    }
}
