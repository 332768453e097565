// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Bench {
    /// 4 phases of 25 hooks that do nothing.
    func hooks() throws -> [Row] {
        let place = try directory("hooks")
        let phases = ["pre-configure.d", "configure.d", "post-configure.d", "migration.d"]
        for phase in phases {
            for number in 0..<25 {
                try write("\(place)/base/\(phase)/\(number)-hook", "#!/bin/true\n", mode: 0o755)
            }
        }
        let script = phases.map { "run-parts base/\($0)" }.joined(separator: " && ")
        let commands = [
            refresh(ours("os-refresh-config", "--lockfile", "lock", in: place)),
            refresh(ours("os-refresh-config", "--lockfile", "lock", "--prefix", "--capture", in: place)),
            refresh(original("os-refresh-config", "--lockfile", "lock", in: place)),
            Command(words: ["/bin/sh", "-c", script], directory: place),
        ]
        let costs = interleaved(commands, runs: 9).map { $0.seconds * 1000 }
        let started = commands.map { $0.startedProcesses(in: place) }
        let what = "4 × 25 no-op hooks"
        return [
            .ratio(what, costs[0], costs[3], "run-parts", "ms", atMost: 1.5),
            row("\(what), --prefix --capture", costs[1], costs[3], "run-parts", "ms"),
            row(what, costs[0], costs[2], "original", "ms"),
            row("\(what), processes", started[0].processes, started[3].processes, "run-parts", ""),
            row("\(what), processes", started[0].processes, started[2].processes, "original", ""),
            row("\(what), programs", started[0].programs, started[3].programs, "run-parts", ""),
            row("\(what), programs", started[0].programs, started[2].programs, "original", ""),
        ]
    }

    private func refresh(_ command: Command) -> Command {
        var command = command
        command.environment["OS_REFRESH_CONFIG_BASE_DIR"] = "\(command.directory)/base"
        command.environment["OS_REFRESH_CONFIG_STATE_DIR"] = "\(command.directory)/state"
        return command
    }

    private func row(_ what: String, _ ours: Double, _ peer: Double, _ name: String, _ unit: String) -> Row {
        Row(what: what, ours: ours, peer: peer, peerName: name, unit: unit, limit: "", ratio: ours / peer)
    }
}

extension Command {
    /// How many processes are started by it, and how many programs (execve(2)), itself counted.
    fileprivate func startedProcesses(in directory: String) -> (processes: Double, programs: Double) {
        let report = "\(directory)/calls"
        var traced = self
        traced.words = ["/usr/bin/strace", "-f", "-qq", "-e", "trace=%process", "-o", report] + words
        _ = traced.run()
        let text =
            FileManager.default.contents(atPath: report).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let calls = text.split(separator: "\n")
        let programs = calls.filter { $0.contains("execve(") || $0.contains("execve resumed") }
            .filter { $0.hasSuffix("= 0") }
        // Threads are no processes; those that take long are told in two lines.
        let processes = calls.filter { line in
            ["clone(", "clone3(", "vfork(", "fork("].contains { line.contains($0) }
                && !line.contains("CLONE_THREAD")
        }
        return (Double(processes.count + 1), Double(programs.count))
    }
}
