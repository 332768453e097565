// SPDX-License-Identifier: Apache-2.0

import Foundation

/// os-metadata-server beside nginx, which gives the same bytes from a file.
extension Bench {
    private static let body = #"{"a": {"b": "value"}, "l": [1, 2, 3]}"#

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
        var plain = Double.nan
        for connections in [1, 64, 1000] {
            let loads = Load.interleaved(urls, connections: connections)
            if connections == 64 { plain = loads[0].rate }
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
        rows.append(
            Row(
                what: "304 beside 200", ours: known[0].rate, peer: plain, peerName: "ours, 200", unit: "/s",
                limit: "ratio ≥ 1", ratio: known[0].rate / plain, isMet: known[0].rate >= plain))
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

    // MARK: Long polls

    func longPolls() throws -> [Row] {
        let count = 5_000
        var limit = rlimit(rlim_cur: 20_000, rlim_max: 20_000)
        setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
        let place = try directory("long-polls")
        let port = Self.freePort()
        let process = metadataServer("--store", "\(place)/store", port: port).start()
        defer { stop(process) }
        Self.awaitListener(port)
        let admin = AdminConnection(port: port, store: "\(place)/store")
        for number in 0..<100 { admin.put("n\(number)", Self.body, token: "t") }
        let before = Self.resident(process)
        let polls = (0..<count).map { LongPoll(port: port, node: "n\($0 % 100)") }
        for index in polls.indices { polls[index].begin() }
        for index in polls.indices { polls[index].wait() }
        // All are held when the server says so.
        for _ in 0..<500 where admin.waitingRequests != count { usleep(20_000) }
        let held = admin.waitingRequests ?? 0
        let memory = (Self.resident(process) - before) / Double(count)
        let start = DispatchTime.now()
        for number in 0..<100 { admin.put("n\(number)", #"{"a": 2}"#, token: "t") }
        let answered = polls.count { $0.isAnswered() }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
        return [
            Row(
                what: "long polls held", ours: Double(held), unit: "", limit: "≥ 5000", isMet: held >= count),
            Row(what: "memory of one", ours: memory, unit: "KiB", limit: ""),
            .bound("100 changes to all \(answered) of them", seconds, "s", atMost: 2),
        ]
    }

    /// In KiB.
    private static func resident(_ process: pid_t) -> Double {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").compactMap { Double($0) }.first ?? .nan
    }

    // MARK: The store

    func store() throws -> [Row] {
        // In memory: what the disk does is not what is measured.
        let place = "/dev/shm/\(URL(fileURLWithPath: base).lastPathComponent)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { Self.remove(place) }
        var loads: [Load] = []
        var starts: [Double] = []
        for count in [100, 100_000] {
            let port = Self.freePort()
            let words = metadataServer("--store", "\(place)/\(count)", port: port)
            let filling = words.start()
            Self.awaitListener(port)
            let admin = AdminConnection(port: port, store: "\(place)/\(count)")
            for number in 0..<count { admin.put("n\(number)", Self.body, token: "t") }
            stop(filling)
            let start = DispatchTime.now()
            let process = words.start()
            Self.awaitListener(port)
            starts.append(Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9)
            defer { stop(process) }
            let url = "http://127.0.0.1:\(port)/"
            // Each once: what was asked for is kept in memory.
            _ = Load.of(url, connections: 64, seconds: 20, script: try script(place, "next", count))
            let script = try script(place, "math.random(0, \(count - 1))", count)
            loads.append(Load.of(url, connections: 64, script: script))
        }
        return [
            .bound("start with 100,000 nodes", starts[1], "s", atMost: 2, peer: starts[0], "100 nodes"),
            Row(
                what: "GET of a random one", ours: loads[1].rate, peer: loads[0].rate, peerName: "100 nodes",
                unit: "/s", limit: "ratio ≥ 0.9", ratio: loads[1].rate / loads[0].rate,
                isMet: loads[1].rate >= 0.9 * loads[0].rate),
        ]
    }

    /// A script for wrk(1) that asks for one node after another.
    private func script(_ place: String, _ number: String, _ count: Int) throws -> String {
        let path = "\(place)/nodes.lua"
        try write(
            path,
            """
            local next = 0
            request = function()
              next = (next + 1) % \(count)
              return wrk.format("GET", "/v1/nodes/n" .. \(number) .. "/metadata")
            end
            """)
        return path
    }
}

/// What wrk(1) makes of a server.
struct Load {
    /// Requests a second.
    let rate: Double
    /// In ms.
    let p99: Double

    /// The medians of three runs of each, in turn.
    static func interleaved(_ urls: [String], connections: Int, headers: [[String]] = []) -> [Load] {
        var loads = urls.map { _ in [Load]() }
        for _ in 0..<3 {
            for (place, url) in urls.enumerated() {
                loads[place].append(
                    of(url, connections: connections, headers: headers.isEmpty ? [] : headers[place]))
            }
        }
        return loads.map { Load(rate: $0.map(\.rate).median, p99: $0.map(\.p99).median) }
    }

    static func of(
        _ url: String, connections: Int, seconds: Int = 3, headers: [String] = [], script: String? = nil
    ) -> Load {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/wrk")
        let headers = (["Authorization: Bearer t"] + headers).flatMap { ["-H", $0] }
        process.arguments =
            ["-t1", "-c\(connections)", "-d\(seconds)s", "--latency"] + (script.map { ["-s", $0] } ?? [])
            + headers + [
                url
            ]
        let pipe = Pipe()
        process.standardOutput = pipe
        guard (try? process.run()) != nil else { return Load(rate: .nan, p99: .nan) }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        guard !text.contains("Non-2xx") else { return Load(rate: .nan, p99: .nan) }
        let rate = lines.first { $0.first == "Requests/sec:" }?.last.flatMap { Double($0) }
        let p99 = lines.first { $0.first == "99%" }?.last.map(milliseconds)
        return Load(rate: rate ?? .nan, p99: p99 ?? .nan)
    }

    /// `1.23ms`, `45.00us`, `1.20s`.
    private static func milliseconds(_ text: Substring) -> Double {
        let number = Double(text.prefix { $0.isNumber || $0 == "." }) ?? .nan
        return text.hasSuffix("us") ? number / 1000 : text.hasSuffix("ms") ? number : number * 1000
    }
}

extension Row {
    /// A row whose ratio of our rate to the peer's is to be `least` at the least.
    static func rate(_ what: String, _ loads: [Load], atLeast least: Double) -> Row {
        let ratio = loads[0].rate / loads[1].rate
        return Row(
            what: what, ours: loads[0].rate, peer: loads[1].rate, peerName: "nginx, a file", unit: "/s",
            limit: "ratio ≥ \(shown(least))", ratio: ratio, isMet: ratio >= least)
    }
}

/// A connection to a server of ours, on loopback.
private struct Loopback {
    let descriptor: Int32

    init(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let descriptor = descriptor
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func send(_ text: String) { _ = text.withCString { write(descriptor, $0, strlen($0)) } }

    /// What there is of an answer, once there is something, within ten seconds.
    func receive() -> String {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, 10_000) == 1 else { return "" }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}

/// One that changes nodes.
private struct AdminConnection {
    private let connection: Loopback
    private let token: String

    init(port: Int, store: String) {
        connection = Loopback(port: port)
        let text = FileManager.default.contents(atPath: "\(store)/admin-token") ?? Data()
        token = String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    func put(_ node: String, _ metadata: String, token: String) {
        let body = #"{"metadata": \#(metadata), "credentials": {"request": {"token": "\#(token)"}}}"#
        connection.send(
            "PUT /admin/v1/nodes/\(node) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(self.token)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        _ = connection.receive()
    }

    var waitingRequests: Int? {
        connection.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        let lines = connection.receive().split(separator: "\n")
        return lines.first { $0.hasPrefix("os_metadata_server_waiting_requests ") }
            .flatMap { Int($0.split(separator: " ")[1]) }
    }
}

/// One that waits for a change.
private struct LongPoll {
    private let connection: Loopback
    private let node: String

    init(port: Int, node: String) {
        connection = Loopback(port: port)
        self.node = node
    }

    private func ask(_ more: String) {
        connection.send(
            "GET /v1/nodes/\(node)/metadata HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\(more)\r\n")
    }

    func begin() { ask("") }

    func wait() {
        let lines = connection.receive().components(separatedBy: "\r\n")
        let tag = lines.first { $0.lowercased().hasPrefix("etag:") }?.dropFirst(5) ?? ""
        ask("If-None-Match:\(tag)\r\nPrefer: wait=120\r\n")
    }

    func isAnswered() -> Bool { connection.receive().hasPrefix("HTTP/1.1 200") }
}
