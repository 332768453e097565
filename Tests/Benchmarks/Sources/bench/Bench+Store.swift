// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A store of many nodes beside one of few.
extension Bench {
    func store() throws -> [Row] {
        // In memory: what the disk does is not what is measured.
        let place = "/dev/shm/\(URL(fileURLWithPath: base).lastPathComponent)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { Self.remove(place) }
        var urls: [String] = []
        var scripts: [String] = []
        var cold: [Load] = []
        var starts: [Double] = []
        var processes: [pid_t] = []
        defer { processes.forEach(stop) }
        for count in [100, 100_000] {
            let port = Self.freePort()
            let words = metadataServer("--store", "\(place)/\(count)", port: port)
            let filling = words.start()
            Self.awaitListener(port)
            let admin = AdminConnection(port: port, store: "\(place)/\(count)")
            for number in 0..<count { admin.put("n\(number)", Self.body, token: "t") }
            stop(filling)
            let start = DispatchTime.now()
            processes.append(words.start())
            Self.awaitListener(port)
            starts.append(Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9)
            urls.append("http://127.0.0.1:\(port)/")
            // Each once, from the database; what was asked for is kept in memory then.
            cold.append(
                Load.of(
                    urls.last ?? "", connections: 64, seconds: 20,
                    script: try script("\(place)/next-\(count).lua", "next", count)))
            scripts.append(
                try script("\(place)/random-\(count).lua", "math.random(0, \(count - 1))", count))
        }
        let loads = Load.interleaved(urls, connections: 64, scripts: scripts)
        return [
            .bound("start with 100,000 nodes", starts[1], "s", atMost: 2, peer: starts[0], "100 nodes"),
            Row(
                what: "GET of a random one", ours: loads[1].rate, peer: loads[0].rate, peerName: "100 nodes",
                unit: "/s", limit: "ratio ≥ 0.9", ratio: loads[1].rate / loads[0].rate,
                isMet: loads[1].rate >= 0.9 * loads[0].rate),
            Row(
                what: "GET of each for the first time", ours: cold[1].rate, peer: loads[0].rate,
                peerName: "100 nodes", unit: "/s", limit: "", ratio: cold[1].rate / loads[0].rate),
        ]
    }

    /// A script for wrk(1) that asks for one node after another.
    private func script(_ path: String, _ number: String, _ count: Int) throws -> String {
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
