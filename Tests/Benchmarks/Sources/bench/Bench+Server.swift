// SPDX-License-Identifier: Apache-2.0

import Foundation

/// os-metadata-server beside nginx, which gives the same bytes from a file.
extension Bench {
    static let body = #"{"a": {"b": "value"}, "l": [1, 2, 3]}"#

    func server() throws -> [Row] {
        let place = try directory("server")
        try write(
            "\(place)/nodes/n.yaml", "metadata: \(Self.body)\ncredentials: {request: {token: t}}\n",
            mode: 0o600)
        try write("\(place)/www/metadata", Self.body)
        let ports = (Self.freePort(), Self.freePort())
        try write(
            "\(place)/nginx.conf",
            """
            daemon off; pid \(place)/nginx.pid; error_log /dev/null; worker_processes 2;
            events { worker_connections 4096; }
            http { access_log off; keepalive_requests 100000000;
                server { listen 127.0.0.1:\(ports.1) backlog=4096; root \(place)/www; } }
            """)
        let processes = [
            metadataServer("--nodes", "\(place)/nodes", port: ports.0).start(),
            Command(words: ["/usr/sbin/nginx", "-p", place, "-c", "\(place)/nginx.conf"]).start(),
        ]
        defer { for process in processes { stop(process) } }
        Self.awaitListener(ports.0)
        Self.awaitListener(ports.1)
        let urls = [
            "http://127.0.0.1:\(ports.0)/v1/nodes/n/metadata", "http://127.0.0.1:\(ports.1)/metadata",
        ]
        var rows: [Row] = []
        for connections in [1, 64, 1000] {
            let loads = Load.interleaved(urls, connections: connections)
            rows.append(
                .rate(
                    "metadata GET, authorised, \(connections) connection\(connections == 1 ? "" : "s")",
                    loads, atLeast: 0.5))
            rows.append(
                Row(
                    what: "its 99th percentile", ours: loads[0].p99, peer: loads[1].p99,
                    peerName: "nginx, a file", unit: "ms", limit: "", ratio: loads[0].p99 / loads[1].p99))
        }
        let tags = urls.map(entityTag)
        let known = Load.interleaved(urls, connections: 64, headers: tags.map { ["If-None-Match: \($0)"] })
        rows.append(.rate("304, 64 connections", known, atLeast: 0.5))
        // In turn: the machine is not the same a minute later.
        let own = Load.interleaved(
            [urls[0], urls[0]], connections: 64, headers: [["If-None-Match: \(tags[0])"], []])
        rows.append(
            Row(
                what: "304 beside 200", ours: own[0].rate, peer: own[1].rate, peerName: "ours, 200",
                unit: "/s", limit: "ratio ≥ 1", ratio: own[0].rate / own[1].rate,
                isMet: own[0].rate >= own[1].rate))
        return rows
    }

    func metadataServer(_ words: String..., port: Int) -> Command {
        Command(words: ["\(programs)/os-metadata-server"] + words + ["--listen", "127.0.0.1:\(port)"])
    }

    func stop(_ process: pid_t) {
        kill(process, SIGTERM)
        waitpid(process, nil, 0)
    }

    private func entityTag(_ url: String) -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        process.arguments = ["-s", "-I", "-H", "Authorization: Bearer t", url]
        let pipe = Pipe()
        process.standardOutput = pipe
        guard (try? process.run()) != nil else { return "" }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let line = text.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix("etag:") }
        return line.map { $0.dropFirst(5).trimmingCharacters(in: .whitespaces) } ?? ""
    }
}
