// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One line of the table: a figure of ours beside a peer's.
struct Row: Encodable {
    var what: String
    var ours: Double
    var peer: Double?
    var peerName: String?
    var unit: String
    /// What the ratio, or else the figure, is held against.
    var limit: String
    /// Ours by the peer's.
    var ratio: Double?
    var isMet: Bool?

    /// A row whose ratio of ours to the peer's may be `most` at the most.
    static func ratio(
        _ what: String, _ ours: Double, _ peer: Double, _ peerName: String, _ unit: String,
        atMost most: Double
    ) -> Row {
        Row(
            what: what, ours: ours, peer: peer, peerName: peerName, unit: unit,
            limit: "ratio ≤ \(shown(most))",
            ratio: ours / peer, isMet: ours / peer <= most)
    }

    /// A row whose ratio of the peer's to ours is to be `least` at the least.
    static func speedup(
        _ what: String, _ ours: Double, _ peer: Double, _ peerName: String, _ unit: String,
        atLeast least: Double
    ) -> Row {
        Row(
            what: what, ours: ours, peer: peer, peerName: peerName, unit: unit, limit: "× ≥ \(shown(least))",
            ratio: ours / peer, isMet: peer / ours >= least)
    }

    /// A row whose figure is to be `most` at the most.
    static func bound(
        _ what: String, _ ours: Double, _ unit: String, atMost most: Double, peer: Double? = nil,
        _ peerName: String? = nil
    ) -> Row {
        Row(
            what: what, ours: ours, peer: peer, peerName: peerName, unit: unit,
            limit: "≤ \(shown(most)) \(unit)",
            ratio: peer.map { ours / $0 }, isMet: ours <= most)
    }

    static func shown(_ value: Double) -> String {
        switch abs(value) {
        case 0: "0"
        case 1000...: "\(Int(value.rounded()))"
        case 10...: "\((value * 10).rounded() / 10)"
        case 0.1...: "\((value * 100).rounded() / 100)"
        default: "\((value * 10000).rounded() / 10000)"
        }
    }
}

/// Prints rows in columns.
func printTable(_ rows: [Row]) {
    let head = ["what", "ours", "peer", "", "limit", "ours/peer", ""]
    let lines =
        [head]
        + rows.map { row in
            [
                row.what, "\(Row.shown(row.ours)) \(row.unit)",
                row.peer.map { "\(Row.shown($0)) \(row.unit)" } ?? "",
                row.peerName ?? "", row.limit, row.ratio.map(Row.shown) ?? "",
                row.isMet.map { $0 ? "met" : "MISSED" } ?? "",
            ]
        }
    let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    for line in lines {
        let cells = zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        print(cells.joined(separator: "  "))
    }
}
