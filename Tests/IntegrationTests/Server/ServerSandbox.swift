// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A metadata server with a store of its own, and what administers it.
final class ServerSandbox {
    let directory: TemporaryDirectory
    private(set) var port = 0
    private(set) var process: RunningProcess?

    init() throws { directory = try TemporaryDirectory() }

    deinit { stop(SIGKILL) }

    var address: String { "http://127.0.0.1:\(port)" }
    var output: String { directory.text("out") ?? "" }
    var errors: String { directory.text("err") ?? "" }
    var adminToken: String {
        (directory.text("store/admin-token") ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
    }
    var admin: String { "Authorization: Bearer \(adminToken)" }

    /// - Parameters:
    ///   - listen: the first one is where `port` is read from.
    ///   - command: in front of the program.
    func start(
        _ options: String..., listen: [String] = ["127.0.0.1:0"], store: String = "store",
        command: [String] = [],
        environment: [String: String] = [:]
    ) throws {
        let addresses = listen.flatMap { ["--listen", $0] }
        unlink(directory.file("out"))
        let process = try ChildProcess(
            command + [Programs.path("os-metadata-server"), "--store", directory.file(store)] + addresses
                + options,
            in: directory.path,
            environment: environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own }
        ).start(output: directory.file("out"), errorOutput: directory.file("err"))
        self.process = process
        guard eventually({ output.contains("listening on") || !process.isRunning }), process.isRunning else {
            throw ChildProcess.Failure(reason: errors)
        }
        let first = output.split(whereSeparator: \.isNewline).first { $0.contains("listening on http") }
        port = first?.split(separator: ":").last.flatMap { Int($0) } ?? 0
    }

    /// - Returns: the exit status, or minus the signal; nil when it does not run.
    @discardableResult
    func stop(_ signal: Int32 = SIGTERM) -> Int32? {
        guard let process else { return nil }
        self.process = nil
        process.signal(signal)
        return process.wait(limit: 20)
    }

    /// `os-metadata-server ctl …`
    func ctl(_ words: String..., input: String? = nil) throws -> ChildProcess.Ended {
        try ctl(words, input: input)
    }

    func ctl(_ words: [String], input: String? = nil) throws -> ChildProcess.Ended {
        try ChildProcess(
            [Programs.path("os-metadata-server"), "ctl"] + words, in: directory.path,
            environment: [
                "PATH": "/usr/bin:/bin", "OS_METADATA_SERVER_URL": address,
                "OS_METADATA_ADMIN_TOKEN_FILE": directory.file("store/admin-token"),
            ], input: input.map { Data($0.utf8) }
        ).run()
    }

    /// What is at a path of a node, as the interface for administrators shows it.
    func node(_ name: String, _ path: String...) throws -> String {
        let ended = try ctl("node", "show", name, "--credentials", "-o", "json")
        var value = try JSONSerialization.jsonObject(with: ended.output, options: .fragmentsAllowed)
        for part in path {
            if let index = Int(part), let list = value as? [Any], index < list.count {
                value = list[index]
            } else {
                value = (value as? [String: Any])?[part] ?? ""
            }
        }
        return "\(value)"
    }

    /// Makes the node `n`.
    ///
    /// - Returns: the header with its token.
    func makeNode(metadata: String = #"{"a": 1}"#) throws -> String {
        try directory.write("n.json", #"{"metadata": \#(metadata)}"#)
        let made = try ctl("node", "create", "n", "--file", directory.file("n.json"))
        guard made.status == 0 else { throw ChildProcess.Failure(reason: made.errorText) }
        return "Authorization: Bearer \(try node("n", "credentials", "request", "token"))"
    }

    /// How many are open, that of whoever asks among them.
    var connections: Int? {
        get throws { try metric("os_metadata_server_connections") }
    }

    /// The status and the body of what curl gets.
    func curl(_ path: String, _ options: String...) throws -> (status: Int, body: String) {
        let url = path.hasPrefix("http") ? path : "\(address)\(path)"
        let ended = try ChildProcess(
            ["/usr/bin/curl", "-s", "--path-as-is", "--max-time", "30", "-w", "\n%{http_code}"] + options + [
                url
            ]
        ).run()
        let lines = ended.text.split(separator: "\n", omittingEmptySubsequences: false)
        // Without the line end of a text.
        let body = lines.dropLast().joined(separator: "\n")
        return (Int(lines.last ?? "") ?? 0, body.hasSuffix("\n") ? String(body.dropLast()) : body)
    }

    /// A count that the server shows, by its name and labels.
    func metric(_ name: String) throws -> Int? {
        let line = try curl("/metrics").body.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
        return line.flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    /// What HEAD says of a node's metadata.
    ///
    /// - Parameter header: with its token.
    func entityTag(of name: String, header: String) throws -> String? {
        let head = try ChildProcess([
            "/usr/bin/curl", "-s", "-I", "-H", header,
            "\(address)/v1/nodes/\(name)/metadata",
        ]).run().text
        let line = head.split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("etag:") }
        return line.map { $0.dropFirst(5).trimmingCharacters(in: .whitespaces) }
    }

    /// What a node with its token gets.
    func metadata(of name: String, _ options: String...) throws -> (status: Int, body: String) {
        let token = try node(name, "credentials", "request", "token")
        return try curl("/v1/nodes/\(name)/metadata", "-H", "Authorization: Bearer \(token)")
    }
}
