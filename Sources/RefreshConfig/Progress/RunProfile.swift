// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Synchronization

/// Tells on standard error what a hook directory's run does, in the words of dib-run-parts.
final class RunProfile: RunObserver {
    private static let name = "dib-run-parts"

    private let path: String
    private let durations = Mutex<[(hook: String, duration: Duration)]>([])

    /// - Parameter path: the directory as it was given.
    init(of path: String) {
        self.path = path
    }

    /// How long a line may wait for its reader.
    static let logPatience = Duration.seconds(10)

    static func say(_ text: String) {
        StandardStream.error.offer(
            "\(name) \(LocalTime.now.text("%a %b %e %H:%M:%S %Z %Y")) \(text)\n", patience: logPatience)
    }

    func note(_ event: RunEvent) {
        switch event {
        case .phaseStarted: break
        case .environmentFound(let environment):
            for file in environment.files { Self.say("Sourcing environment file \(file)") }
        case .environmentFailed(let file): Self.say("bash ended in \(file)")
        case .hookStarted(let hook, _):
            if !hook.isEnvironment { Self.say("Running \(hook.path)") }
        case .hookEnded(let run):
            guard run.ending.isSuccess, !run.hook.isEnvironment else { break }
            durations.withLock { $0.append((run.hook.name, run.duration)) }
            Self.say("\(run.hook.name) completed")
        case .phaseEnded(_, _, _, _, let isSuccess):
            if isSuccess { report() }
        }
    }

    /// The table of how long each hook took, by name.
    private func report() {
        Self.say("----------------------- PROFILING -----------------------")
        Self.say("")
        Self.say("Target: \(path.split(separator: "/").last ?? "")")
        Self.say("")
        Self.say(Self.row("Script", SecondsText.padded("Seconds", to: 9)))
        Self.say(Self.row("---------------------------------------", "----------"))
        Self.say("")
        let rows = durations.withLock { $0 }
        for (hook, duration) in rows.sorted(by: { $0.hook.utf8.lexicographicallyPrecedes($1.hook.utf8) }) {
            Self.say(Self.row(hook, SecondsText.padded(SecondsText.long(duration), to: 10)))
        }
        Self.say("")
        Self.say("--------------------- END PROFILING ---------------------")
    }

    private static func row(_ left: String, _ right: String) -> String {
        left + String(repeating: " ", count: max(40 - left.count, 0)) + " " + right
    }
}
