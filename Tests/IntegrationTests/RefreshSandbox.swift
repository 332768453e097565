// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A base directory of hooks, and a place for the lock and the records of runs.
struct RefreshSandbox {
    /// What a record says of one hook.
    struct HookRecord: Equatable {
        let name: String
        /// Nil: it has no end.
        let result: String?
        let status: Int?
        let errorLines: [String]?
    }

    let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        for name in ["base", "tmp"] { mkdir(directory.file(name), 0o755) }
    }

    var environment: [String: String] {
        [
            "PATH": "/usr/bin:/bin", "OS_REFRESH_CONFIG_BASE_DIR": directory.file("base"),
            "OS_REFRESH_CONFIG_STATE_DIR": directory.file("state"), "TMPDIR": directory.file("tmp"),
        ]
    }

    /// Makes a hook of a shell script.
    func hook(_ path: String, _ script: String, interpreter: String = "/bin/sh") throws {
        try directory.write("base/\(path)", "#!\(interpreter)\n\(script)\n", mode: 0o755)
    }

    /// The program, in `directory`, with the lock file `lock` there.
    func program(_ words: [String], _ variables: [String: String] = [:], limit: Int = 60) -> ChildProcess {
        let isSubcommand = ["status", "analyze", "list"].contains(words.first)
        return ChildProcess(
            [Programs.path("os-refresh-config")] + words
                + (isSubcommand ? [] : ["--lockfile", directory.file("lock")]),
            in: directory.path, environment: environment.merging(variables) { $1 }, limit: limit)
    }

    func run(_ words: String...) throws -> ChildProcess.Ended { try program(words).run() }

    /// The lines of the last run's record.
    func record() throws -> [[String: Any]] {
        let names = directory.tree().filter { $0.hasPrefix("state/runs/") }.sorted()
        return try directory.text(names.last ?? "state/runs/none")?.split(separator: "\n").map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        } ?? []
    }

    /// How the last run ended by its record; nil: it has no end.
    func result() throws -> String? {
        try record().first { $0["type"] as? String == "end" }?["result"] as? String
    }

    /// What the last run's record says of its hooks, in the order of their starts.
    func hooks() throws -> [HookRecord] {
        let lines = try record()
        return lines.filter { $0["type"] as? String == "hook-start" }.map { start in
            let end = lines.first {
                $0["type"] as? String == "hook" && $0["hook"] as? String == start["hook"] as? String
                    && $0["phase"] as? String == start["phase"] as? String
            }
            return HookRecord(
                name: "\(start["phase"] ?? "")/\(start["hook"] ?? "")", result: end?["result"] as? String,
                status: end?["status"] as? Int, errorLines: end?["stderr"] as? [String])
        }
    }

    /// Whether the process that wrote its number to `file` is there.
    func isAlive(_ file: String) -> Bool {
        guard let text = directory.text(file),
            let process = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return false }
        let status = FileManager.default.contents(atPath: "/proc/\(process)/stat")
        return status.map { !String(decoding: $0, as: UTF8.self).contains(") Z ") } ?? false
    }

    /// The command lines of the processes that name this directory.
    var processes: [String] {
        let numbers = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap(
            pid_t.init)
        return numbers.compactMap { FileManager.default.contents(atPath: "/proc/\($0)/cmdline") }
            .map { String(decoding: $0, as: UTF8.self) }.filter { $0.contains(directory.path) }
    }

    /// Ends the process that wrote its number to `file`.
    func end(_ file: String) {
        if let text = directory.text(file),
            let process = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
        {
            kill(process, SIGKILL)
        }
    }
}

extension TemporaryDirectory {
    /// Lets a hook go on that reads the FIFO `name`.
    func open(_ name: String) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file(name)))
        try handle.write(contentsOf: Data("\n".utf8))
        try handle.close()
    }
}
