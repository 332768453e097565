// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import MetadataStore
import MetadataTree

/// What the rows of the tables hold: a document as JSON, sealed where there is a key.
struct StoredRecords: Sendable {
    let seal: (any RecordSeal)?

    func data(of node: NodeRecord) throws -> Data {
        try data(NodeDocument.value(of: node), as: "node \(node.name)")
    }

    func data(of signal: Signal) throws -> Data {
        let value = JSONShape.object([
            ("status", MetadataValue(string: signal.status.rawValue)),
            ("reason", signal.reason.map { MetadataValue(string: $0) }), ("body", signal.body),
        ])
        return try data(value, as: "signal \(signal.node)")
    }

    func node(_ row: Row) throws -> NodeRecord {
        try node(row["record"], name: row["name"], revision: row["revision"], modified: row["modified"])
    }

    func revision(_ row: Row) throws -> NodeRevision {
        let event = Self.event(row)
        let record = row["record"] as Data?
        return NodeRevision(
            event: event,
            node: try record.map {
                try node($0, name: event.node, revision: event.revision, modified: event.time)
            })
    }

    func signal(_ row: Row) throws -> Signal {
        let node: String = row["node"]
        let value = try value(row["record"], as: "signal \(node)")
        guard let members = value.object, let status = members["status"]?.string?.text,
            let status = Signal.Status(rawValue: status)
        else { throw StoreError.unusable("the record of a signal of \(node) is not one") }
        return Signal(
            node: node, subject: row["subject"], id: row["id"], status: status,
            reason: members["reason"]?.string?.text, body: members["body"] ?? .null,
            received: row["received"], revision: row["revision"])
    }

    static func event(_ row: Row) -> StoreEvent {
        StoreEvent(
            revision: row["revision"], kind: StoreEvent.Kind(rawValue: row["kind"]) ?? .changed,
            node: row["node"], author: row["author"], time: row["time"])
    }

    private func node(_ record: Data, name: String, revision: Int, modified: Int) throws -> NodeRecord {
        let value = try value(record, as: "node \(name)")
        var node = try NodeDocument.node(value, name: name, source: "the record of the node \(name)")
        node.revision = revision
        node.modified = modified
        return node
    }

    private func data(_ value: MetadataValue, as name: String) throws -> Data {
        let bytes = JSONWriter.bytes(of: value)
        return Data(try seal?.seal(bytes, as: name) ?? bytes)
    }

    /// Throws when the key that was given does not open the record of a node.
    func checkSeal(_ row: Row) throws { _ = try opened(row["record"], as: "node \(row["name"] as String)") }

    private func value(_ data: Data, as name: String) throws -> MetadataValue {
        try JSONParser.parse(try opened(data, as: name), name: "the record of the \(name)")
    }

    private func opened(_ data: Data, as name: String) throws -> [UInt8] {
        let bytes = [UInt8](data)
        let isSealed = bytes.first != UInt8(ascii: "{")
        if isSealed, seal == nil {
            throw StoreError.unusable("the records are encrypted, and no key is given")
        }
        return isSealed ? try seal?.open(bytes, as: name) ?? bytes : bytes
    }
}
