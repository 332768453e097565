// SPDX-License-Identifier: Apache-2.0

import Glibc
import Logging
import MetadataStore
import MetadataTree
import RequestSigning

/// A signal that cannot be taken.
struct SignalError: Error, CustomStringConvertible {
    let description: String
}

/// Takes what nodes tell, by whichever way it came.
struct SignalIntake: Sendable {
    /// The largest signal, in bytes.
    static let sizeLimit = 1 << 20

    let store: any MetadataStore
    let logger: Logger
    let now: @Sendable () -> Int

    init(store: any MetadataStore, logger: Logger, now: @escaping @Sendable () -> Int = { time(nil) }) {
        self.store = store
        self.logger = logger
        self.now = now
    }

    /// Keeps a signal of a deployment, as `heat-config-notify` sends it: an object of outputs. Empty bytes are an empty object.
    ///
    /// - Throws: `SignalError` when there is no such deployment, or the body is none; `StoreError`.
    func deployment(_ node: NodeRecord, id: String, body: [UInt8]) async throws {
        guard let deployment = node.deployments.first(where: { $0.id == id }) else {
            throw SignalError(description: "the node \(node.name) has no deployment \(id)")
        }
        let value = try Self.object(body)
        let failure = Self.failure(value, of: deployment)
        try await keep(
            Signal(
                node: node.name, subject: id, id: try Self.digest(body),
                status: failure == nil ? .complete : .failed, reason: failure, body: value, received: now()))
    }

    /// Keeps a signal of a wait condition: `{"Status": "SUCCESS", "Reason": …, "UniqueId": …, "Data": …}`, or the same with small
    /// letters, as Heat's own resource has it.
    ///
    /// - Throws: as `deployment`.
    func waitCondition(_ node: NodeRecord, name: String, body: [UInt8]) async throws {
        let value = try Self.object(body)
        func text(_ names: String...) -> String? {
            names.lazy.compactMap { value.object?[ByteString($0)]?.string?.text }.first
        }
        let status = text("Status", "status") ?? "SUCCESS"
        guard ["SUCCESS", "FAILURE"].contains(status) else {
            throw SignalError(description: "Status is SUCCESS or FAILURE")
        }
        try await keep(
            Signal(
                node: node.name, subject: name, id: text("UniqueId", "id") ?? (try Self.digest(body)),
                status: status == "SUCCESS" ? .complete : .failed, reason: text("Reason", "reason"),
                body: value, received: now()))
    }

    private func keep(_ signal: Signal) async throws {
        let event = try await store.append(signal)
        let what = "\(signal.node) signalled \(signal.subject): \(signal.status.rawValue)"
        logger.info("\(what)\(event == nil ? " again" : "")")
    }

    /// Why the deployment failed; nil: it did not.
    private static func failure(_ value: MetadataValue, of deployment: Deployment) -> String? {
        let members = value.object ?? MetadataObject()
        if let status = members["deploy_status_code"] {
            let isZero =
                switch status.kind {
                case .integer(0), .null: true
                case .string(let text): text == "0" || text.isEmpty
                default: false
                }
            if !isZero { return "deploy_status_code: \(JSONWriter.text(of: status))" }
        }
        for output in deployment.outputs {
            guard output.object?["error_output"]?.isTruthy == true,
                let name = output.object?["name"]?.string, members[name]?.isTruthy == true
            else { continue }
            return "the output \(name) tells of an error"
        }
        return nil
    }

    private static func object(_ body: [UInt8]) throws -> MetadataValue {
        guard !body.isEmpty else { return JSONShape.object([]) }
        do {
            let value = try JSONParser.parse(body, name: "signal", valueLimit: 100_000)
            if value.isNull { return JSONShape.object([]) }
            guard value.object != nil else { throw SignalError(description: "a signal is an object") }
            // It is kept inside of something.
            guard (try? JSONParser.parse([0x5B, 0x5B] + body + [0x5D, 0x5D], name: "signal")) != nil else {
                throw SignalError(description: "the signal is nested too deeply")
            }
            return value
        } catch let error as JSONError {
            throw SignalError(description: "\(error)")
        }
    }

    private static func digest(_ body: [UInt8]) throws -> String {
        MessageDigest.hexadecimal(try MessageDigest.sha256(body).prefix(16))
    }
}
