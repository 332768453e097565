// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts what the server does, for Prometheus.
///
/// Source of the format: Prometheus, "Exposition formats".
final class ServerMetrics: Sendable {
    private struct Series: Hashable {
        let service: String
        let method: String
        let status: Int
    }

    private struct Durations {
        var counts = [Int](repeating: 0, count: ServerMetrics.bounds.count + 1)
        var sum = 0.0
    }

    private struct State {
        var requests: [Series: Int] = [:]
        var durations: [String: Durations] = [:]
        var gauges: [(name: String, help: String, value: @Sendable () -> Int)] = []
    }

    /// In seconds.
    private static let bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10]

    private let state = Mutex(State())

    /// Adds a value that is asked for when it is wanted.
    func gauge(_ name: String, help: String, _ value: @escaping @Sendable () -> Int) {
        state.withLock { $0.gauges.append((name, help, value)) }
    }

    /// - Parameter service: the protocol, a word of a few.
    func count(service: String, method: String, status: Int, seconds: Double) {
        state.withLock { state in
            state.requests[Series(service: service, method: method, status: status), default: 0] += 1
            let place = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
            state.durations[service, default: Durations()].counts[place] += 1
            state.durations[service]?.sum += seconds
        }
    }

    var text: String {
        let state = state.withLock { $0 }
        let prefix = "os_metadata_server"
        var lines = [
            "# HELP \(prefix)_requests_total Requests answered.", "# TYPE \(prefix)_requests_total counter",
        ]
        lines += state.requests.map { series, count in
            "\(prefix)_requests_total{service=\"\(series.service)\",method=\"\(series.method)\","
                + "status=\"\(series.status)\"} \(count)"
        }.sorted()
        lines += [
            "# HELP \(prefix)_request_seconds How long answers took, waits included.",
            "# TYPE \(prefix)_request_seconds histogram",
        ]
        for (service, durations) in state.durations.sorted(by: { $0.key < $1.key }) {
            var total = 0
            for (place, count) in durations.counts.enumerated() {
                total += count
                let bound = place < Self.bounds.count ? "\(Self.bounds[place])" : "+Inf"
                lines.append(
                    "\(prefix)_request_seconds_bucket{service=\"\(service)\",le=\"\(bound)\"} \(total)")
            }
            lines.append("\(prefix)_request_seconds_sum{service=\"\(service)\"} \(durations.sum)")
            lines.append("\(prefix)_request_seconds_count{service=\"\(service)\"} \(total)")
        }
        for gauge in state.gauges {
            lines += [
                "# HELP \(prefix)_\(gauge.name) \(gauge.help)", "# TYPE \(prefix)_\(gauge.name) gauge",
                "\(prefix)_\(gauge.name) \(gauge.value())",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
