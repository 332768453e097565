// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A collector with a server, a cache and a configuration of its own.
package final class CollectorSandbox {
    package let directory: TemporaryDirectory
    package let server: StubHTTPServer

    package init() throws {
        directory = try TemporaryDirectory()
        server = try StubHTTPServer()
    }

    /// Lines of the configuration's `[DEFAULT]` section, behind those that every test needs.
    package func configure(_ lines: String..., sources: [String] = ["request"], sections: String = "") throws
    {
        let text = """
            [DEFAULT]
            \(sources.map { "collectors = \($0)" }.joined(separator: "\n"))
            cachedir = \(directory.file("cache"))
            backup_cachedir = \(directory.file("backup"))
            status_file = \(directory.file("status.json"))
            min_polling_interval = 0.05
            polling_interval = 0.2
            \(lines.joined(separator: "\n"))
            [request]
            metadata_url = http://127.0.0.1:\(server.port)/x?token=s3cret
            timeout = 2
            [local]
            path = \(directory.file("local"))
            \(sections)
            """
        // Renamed into place, as editors do.
        try directory.write("c.conf.new", text, mode: 0o600)
        rename(directory.file("c.conf.new"), directory.file("c.conf"))
    }

    package func serve(_ body: String) { server.setRoutes([.init(path: "/x", body: body)]) }

    private var words: [String] {
        [Programs.path("os-config"), "os-collect-config", "--config-file", directory.file("c.conf")]
    }

    private func environment(_ more: [String: String]) -> [String: String] {
        ["PATH": "/usr/sbin:/usr/bin:/bin", "HOME": directory.path].merging(more) { $1 }
    }

    /// Starts the daemon.
    package func start(environment more: [String: String] = [:], under prefix: [String] = [])
        throws -> RunningProcess
    {
        try ChildProcess(prefix + words, in: directory.path, environment: environment(more))
            .start(output: directory.file("out"), errorOutput: directory.file("err"))
    }

    /// One round of the collector, to its end.
    ///
    /// - Parameter path: a directory whose programs come first.
    package func runOnce(_ more: String..., under prefix: [String] = [], path: String? = nil) throws
        -> ChildProcess.Ended
    {
        let first = path.map { ["PATH": "\($0):/usr/sbin:/usr/bin:/bin"] } ?? [:]
        return try ChildProcess(
            prefix + words + ["--one-time"] + more, in: directory.path, environment: environment(first)
        ).run()
    }

    /// A subcommand, to its end.
    package func run(_ subcommand: String...) throws -> ChildProcess.Ended {
        try ChildProcess(
            [Programs.path("os-config"), "os-collect-config"] + subcommand
                + ["--config-file", directory.file("c.conf")],
            in: directory.path, environment: environment([:])
        ).run()
    }

    package func stop(_ process: RunningProcess) {
        process.signal(SIGKILL)
        _ = process.wait(limit: 10)
    }

    package var logs: String { "out: \(directory.text("out") ?? "") err: \(directory.text("err") ?? "")" }
}
