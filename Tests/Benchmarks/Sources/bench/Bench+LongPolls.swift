// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Requests that wait for a change, many of them.
extension Bench {
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
            Row(
                what: "100 changes to all of them", ours: answered == count ? seconds : .nan, unit: "s",
                limit: "≤ 2 s", isMet: answered == count && seconds <= 2),
        ]
    }

    /// In KiB.
    private static func resident(_ process: pid_t) -> Double {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(separator: " ").compactMap { Double($0) }.first ?? .nan
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
