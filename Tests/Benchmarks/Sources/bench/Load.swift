// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What wrk(1) makes of a server.
struct Load {
    /// Requests a second.
    let rate: Double
    /// In ms.
    let p99: Double

    /// The medians of three runs of each, in turn.
    static func interleaved(
        _ urls: [String], connections: Int, headers: [[String]] = [], scripts: [String] = []
    ) -> [Load] {
        var loads = urls.map { _ in [Load]() }
        for _ in 0..<3 {
            for (place, url) in urls.enumerated() {
                loads[place].append(
                    of(
                        url, connections: connections, headers: headers.isEmpty ? [] : headers[place],
                        script: scripts.isEmpty ? nil : scripts[place]))
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
