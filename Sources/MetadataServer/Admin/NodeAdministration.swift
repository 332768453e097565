// SPDX-License-Identifier: Apache-2.0

import Glibc
import MetadataStore
import MetadataTree

/// What an administrator cannot have, with the status that says so.
struct AdminError: Error {
    let status: Int
    let message: String
}

/// What administrators do with nodes, by whichever way they come.
struct NodeAdministration: Sendable {
    let store: any MetadataStore
    /// Where the nodes come from when it is not from here: they are changed there only.
    let readOnlySource: String?
    let audit: @Sendable (StoreEvent) -> Void
    let now: @Sendable () -> Int

    init(
        store: any MetadataStore, readOnlySource: String? = nil,
        now: @escaping @Sendable () -> Int = { time(nil) },
        audit: @escaping @Sendable (StoreEvent) -> Void
    ) {
        self.store = store
        self.readOnlySource = readOnlySource
        self.now = now
        self.audit = audit
    }

    // MARK: Reading

    /// - Throws: `AdminError` 404.
    func node(_ name: String) async throws -> NodeRecord {
        try Self.check(name: name)
        guard let node = try await store.node(name) else { throw Self.missing(name) }
        return node
    }

    /// What it was, the newest first.
    ///
    /// - Throws: `AdminError` 404.
    func history(of name: String) async throws -> [NodeRevision] {
        try Self.check(name: name)
        let history = try await store.history(of: name)
        guard !history.isEmpty else { throw Self.missing(name) }
        return history
    }

    func view(_ node: NodeRecord) async throws -> NodeView {
        NodeView(
            node: node, signals: node.deployments.isEmpty ? [:] : try await store.lastSignals(of: node.name),
            delivered: try await store.delivered(to: node.name))
    }

    // MARK: Writing

    /// Makes a node, or another of one that is there: whose credentials stay where the document says nothing of any.
    func put(
        _ name: String, _ document: MetadataValue, _ precondition: StoreWrite.Precondition, author: String
    ) async throws -> NodeRecord {
        try await change(name, precondition, author: author) { known in
            var node = try Self.record(document, name: name)
            if let known, document.object?["credentials"] == nil { node.credentials = known.credentials }
            if known == nil, document.object?["credentials"] == nil { node.credentials.token = Self.secret() }
            return node
        }
    }

    /// Changes the document of a node by a merge patch.
    func patch(
        _ name: String, _ patch: MetadataValue, _ precondition: StoreWrite.Precondition, author: String
    ) async throws -> NodeRecord {
        try await change(name, precondition, author: author) { known in
            guard let known else { throw Self.missing(name) }
            return try Self.record(NodeDocument.value(of: known).patched(by: patch), name: name)
        }
    }

    /// Changes the metadata of a node.
    func changeMetadata(
        _ name: String, _ precondition: StoreWrite.Precondition, author: String,
        _ body: (MetadataValue) -> MetadataValue
    ) async throws -> NodeRecord {
        try await change(name, precondition, author: author) { known in
            guard var node = known else { throw Self.missing(name) }
            node.metadata = body(node.metadata)
            guard node.metadata.object != nil else {
                throw AdminError(status: 422, message: "metadata is an object")
            }
            return node
        }
    }

    func remove(_ name: String, _ precondition: StoreWrite.Precondition, author: String) async throws {
        try checkWritable()
        try Self.check(name: name)
        let events = try await store.commit([.remove(name, precondition)], author: author)
        guard !events.isEmpty else { throw Self.missing(name) }
        events.forEach(audit)
    }

    /// Puts a deployment in force, in the place of one of its name. It has an id of its own, so that the node runs it.
    func deploy(
        _ name: String, _ document: MetadataValue, _ precondition: StoreWrite.Precondition = .anything,
        author: String
    ) async throws -> (NodeRecord, Deployment) {
        let deployment = try Self.located {
            try NodeDocument.deployment(
                document, source: "the request", id: Self.identifier(), created: now())
        }
        let node = try await change(name, precondition, author: author) { known in
            guard var node = known else { throw Self.missing(name) }
            if node.deployments.contains(where: { $0.id == deployment.id && $0.name != deployment.name }) {
                throw AdminError(status: 409, message: "another deployment has the id \(deployment.id)")
            }
            if let place = node.deployments.firstIndex(where: { $0.name == deployment.name }) {
                node.deployments[place] = deployment
            } else {
                node.deployments.append(deployment)
            }
            node.credentials.provide(for: deployment.transport, of: name, Self.secret)
            return node
        }
        return (node, deployment)
    }

    /// - Parameter key: the id of a deployment, or its name.
    func undeploy(
        _ name: String, _ key: String, _ precondition: StoreWrite.Precondition = .anything, author: String
    ) async throws -> NodeRecord {
        try await change(name, precondition, author: author) { known in
            guard var node = known else { throw Self.missing(name) }
            let rest = node.deployments.filter { $0.id != key && $0.name != key }
            guard rest.count < node.deployments.count else {
                throw AdminError(status: 404, message: "the node \(name) has no deployment \(key)")
            }
            node.deployments = rest
            return node
        }
    }

    /// Makes a node what it was; its credentials stay those that it has. Deployments that are not in force run anew.
    ///
    /// - Parameter revision: nil: the one before the last.
    func rollBack(
        _ name: String, to revision: Int?, _ precondition: StoreWrite.Precondition = .anything, author: String
    ) async throws -> NodeRecord {
        let history = try await history(of: name)
        let wanted =
            revision.map { revision in history.first { $0.event.revision == revision } }
            ?? history.dropFirst().first
        guard let wanted, let old = wanted.node else {
            throw AdminError(
                status: 404,
                message: "the node \(name) has no revision \(revision.map(String.init) ?? "before")")
        }
        return try await change(name, precondition, author: author) { known in
            var node = old
            if let known { node.credentials = known.credentials }
            for (place, deployment) in node.deployments.enumerated() {
                let isInForce = known?.deployments.contains { $0.id == deployment.id } ?? false
                if !isInForce {
                    node.deployments[place].id = Self.identifier()
                    node.deployments[place].created = now()
                }
                node.credentials.provide(for: deployment.transport, of: name, Self.secret)
            }
            return node
        }
    }

    /// A change that is made again when another one came in between.
    private func change(
        _ name: String, _ precondition: StoreWrite.Precondition, author: String,
        _ body: (NodeRecord?) throws -> NodeRecord
    ) async throws -> NodeRecord {
        try checkWritable()
        try Self.check(name: name)
        for _ in 0..<20 {
            let known = try await store.node(name)
            try precondition.check(known?.revision, of: name)
            let new = try Self.readable(try body(known))
            let expected = known.map { StoreWrite.Precondition.revision($0.revision) } ?? .nothing
            do {
                let events = try await store.commit([.put(new, expected)], author: author)
                events.forEach(audit)
                return try await store.node(name) ?? new
            } catch StoreError.conflict {
                continue
            }
        }
        throw AdminError(status: 503, message: "the node \(name) is changed by others all the time")
    }

    private func checkWritable() throws {
        guard let readOnlySource else { return }
        throw AdminError(status: 409, message: "the nodes are those of \(readOnlySource): change them there")
    }

    /// Changes the credentials of a node, all of them.
    func putCredentials(
        _ name: String, _ credentials: MetadataValue, _ precondition: StoreWrite.Precondition, author: String
    ) async throws -> NodeRecord {
        guard credentials.object != nil else {
            throw AdminError(status: 422, message: "credentials is an object")
        }
        return try await change(name, precondition, author: author) { known in
            guard let known, var document = NodeDocument.value(of: known).object else {
                throw Self.missing(name)
            }
            document["credentials"] = credentials
            return try Self.record(MetadataValue(.object(document)), name: name)
        }
    }

    // MARK: Values

    /// What is kept can be read again: nothing is nested too deeply once it is part of a node.
    private static func readable(_ node: NodeRecord) throws -> NodeRecord {
        do {
            let bytes = JSONWriter.bytes(of: NodeDocument.value(of: node))
            _ = try NodeDocument.node(
                try JSONParser.parse(bytes, name: "the node"), name: node.name, source: "the node")
        } catch {
            throw AdminError(status: 422, message: "\(error)")
        }
        return node
    }

    private static func missing(_ name: String) -> AdminError {
        AdminError(status: 404, message: "there is no node \(name)")
    }

    /// A name goes into paths and into lines of logs.
    ///
    /// - Throws: `AdminError` 422.
    private static func check(name: String) throws {
        let isGood = name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
        guard isGood, !name.isEmpty, name.utf8.count <= 240, !name.hasPrefix(".") else {
            throw AdminError(
                status: 422,
                message:
                    "a node's name has 1 to 240 bytes, without blanks, slashes and controls, and no dot in front"
            )
        }
    }

    private static func record(_ document: MetadataValue, name: String) throws -> NodeRecord {
        try located { try NodeDocument.node(document, name: name, source: "the request", secret: secret) }
    }

    private static func located<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as NodeDocumentError {
            throw AdminError(status: 422, message: error.description)
        }
    }

    private static func secret() -> String { RandomSecret.make() }

    /// As a UUID of version 4 looks (RFC 9562).
    private static func identifier() -> String {
        var digits = Array(RandomSecret.digits(bytes: 16))
        digits[12] = "4"
        digits[16] = "a"
        for place in [8, 13, 18, 23] { digits.insert("-", at: place) }
        return String(digits)
    }
}

extension NodeRecord.Credentials {
    /// Makes what a transport needs where it is not there.
    mutating func provide(for transport: Deployment.Transport, of name: String, _ secret: () -> String) {
        switch transport {
        case .none: break
        case .cloudFormation:
            cloudFormation =
                cloudFormation
                ?? NodeRecord.CloudFormation(
                    accessKey: secret(), secretKey: secret(), stack: name, resource: name)
        case .temporaryURL:
            if token == nil, cloudFormation == nil, heat == nil { token = secret() }
        case .heat, .zaqar:
            heat =
                heat
                ?? NodeRecord.Heat(
                    userID: secret(), password: secret(), projectID: "os-config", stackID: "\(name)/\(name)",
                    resource: name)
        }
    }
}
