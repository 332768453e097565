// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// What one run of a case gave.
struct CaseOutcome {
    var status: Int32
    var stdout: String
    var stderr: String
    var requests: [String]
    /// Of each request the headers and the body, but for what is ruled to differ.
    var headers: [String]
    var tree: [String: FileState]
}

/// Runs the cases of the table with the programs of one side.
struct CaseRunner {
    /// The directory with the programs.
    let programs: String

    /// What each run of `row` gave.
    func run(_ row: CompatibilityCase) throws -> [CaseOutcome] {
        let user: UInt32 = row.user == "nobody" ? 65534 : 0
        let directory = try CaseDirectory(user: geteuid() == 0 ? user : 0)
        let state = try TemporaryDirectory()
        chmod(state.path, 0o777)
        let server = try StubHTTPServer()
        try directory.lay(row.files ?? [:])
        return try row.completeRuns.map { run in
            try directory.lay(run.files ?? [:])
            try directory.remove(run.remove ?? [])
            server.setRoutes(run.server ?? [])
            return try outcome(of: run, row, directory, state, server)
        }
    }

    private func outcome(
        of run: CompatibilityCase.Run, _ row: CompatibilityCase, _ directory: CaseDirectory,
        _ state: TemporaryDirectory, _ server: StubHTTPServer
    ) throws -> CaseOutcome {
        let placed = { (text: String) in
            text.replacingOccurrences(of: "{dir}", with: directory.path)
                .replacingOccurrences(of: "{port}", with: String(server.port))
                .replacingOccurrences(of: "{locales}", with: Programs.locales)
        }
        let generic = { (text: String) in
            text.replacingOccurrences(of: directory.path, with: "{dir}")
                .replacingOccurrences(of: ":\(server.port)", with: ":{port}")
        }
        let words = ["\(programs)/\(row.program)"] + (run.args ?? []).map(placed)
        let process = ChildProcess(
            try command(row, words, directory), in: directory.path,
            environment: environment(run, directory, state, placed), input: run.stdin.map { Data($0.utf8) },
            limit: 60)
        let ended = try process.run()
        let withLog =
            (row.mounts ?? []).contains("/var/log")
            || (row.files ?? [:]).keys.contains { $0.hasPrefix("root/var/log") }
        return CaseOutcome(
            status: ended.status, stdout: generic(ended.text), stderr: ended.errorText,
            requests: server.requests.map(generic),
            headers: server.wholeRequests.map { RequestHeaders.comparable(generic($0)) },
            tree: directory.snapshot(ignoring: run.ignore ?? [], withLog: withLog))
    }

    /// Root runs in a mount name space of its own, so that no log of the system is written.
    private func command(_ row: CompatibilityCase, _ words: [String], _ directory: CaseDirectory) throws
        -> [String]
    {
        let mask = "umask \(row.umask ?? "022");"
        guard geteuid() == 0 else { return ["/bin/sh", "-c", "\(mask) exec \"$@\"", "sh"] + words }
        var mounts = ["/var/log"]
        for mount in row.mounts ?? [] where !mounts.contains(mount) { mounts.append(mount) }
        var script = ""
        for mount in mounts {
            try directory.makeMountSource(mount)
            script += "mount --bind '\(directory.path)/root\(mount)' \(mount) && "
        }
        let drop = row.user == "nobody" ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : ""
        script += "{ \(mask) exec \(drop)\"$@\"; }"
        return ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh"]
            + words
    }

    private func environment(
        _ run: CompatibilityCase.Run, _ directory: CaseDirectory, _ state: TemporaryDirectory,
        _ placed: (String) -> String
    ) -> [String: String] {
        var environment = [
            "PATH": "\(programs):/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8",
            "HOME": directory.path, "TZ": "UTC", "TMPDIR": "\(directory.path)/tmp",
            // Records of runs are ours alone: they are kept out of the trees that are compared, and of the system.
            "OS_REFRESH_CONFIG_STATE_DIR": state.path,
        ]
        for (name, value) in run.environment ?? [:] { environment[name] = value.map(placed) }
        return environment
    }
}
