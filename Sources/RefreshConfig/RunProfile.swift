// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// Tells on standard error what a hook directory's run does, in the words of dib-run-parts.
struct RunProfile {
    private let name = "dib-run-parts"
    private var durations: [(hook: String, duration: Duration)] = []

    func say(_ text: String) {
        StandardStream.error.write("\(name) \(LocalTime.now.text("%a %b %e %H:%M:%S %Z %Y")) \(text)\n")
    }

    mutating func add(_ hook: String, _ duration: Duration) {
        durations.append((hook, duration))
    }

    /// The table of how long each hook took, by name.
    func report(of directory: String) {
        say("----------------------- PROFILING -----------------------")
        say("")
        say("Target: \(directory.split(separator: "/").last ?? "")")
        say("")
        say(Self.row("Script", Self.padded("Seconds", to: 9)))
        say(Self.row("---------------------------------------", "----------"))
        say("")
        for (hook, duration) in durations.sorted(by: { $0.hook.utf8.lexicographicallyPrecedes($1.hook.utf8) })
        {
            say(Self.row(hook, Self.padded(Self.seconds(duration), to: 10)))
        }
        say("")
        say("--------------------- END PROFILING ---------------------")
    }

    private static func row(_ left: String, _ right: String) -> String {
        left + String(repeating: " ", count: max(40 - left.count, 0)) + " " + right
    }

    private static func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }

    /// With three decimals.
    private static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let decimals = String(attoseconds / 1_000_000_000_000_000)
        return "\(seconds)." + String(repeating: "0", count: 3 - decimals.count) + decimals
    }
}
