// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

/// A document that cannot be a node: what is wrong, and where.
package struct NodeDocumentError: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// A node as a document of its own, the same in a file, in the store and in the interface for administrators:
///
///     metadata:               # an object, served as it is
///       mysql:
///         root-password: Heifs23jk3
///     credentials:
///       request:
///         token: TOKEN
///       cfn:
///         access_key_id: KEY
///         secret_access_key: SECRET
///         stack_name: STACK   # default: NAME
///         resource: RESOURCE  # default: NAME
///       heat:
///         user_id: USER
///         password: PASSWORD
///         project_id: PROJECT # default: os-config
///         stack_id: NAME/ID   # default: NAME/NAME
///         resource_name: NAME # default: NAME
///     instance:
///       addresses: [10.0.0.5] # where the node asks from
///       id: i-1               # default: NAME
///       hostname: HOST        # default: NAME
///       public_keys:
///         alice: ssh-ed25519 AAAA…
///       user_data: TEXT
///       network_data: {}      # an object for OpenStack's interface
///       network_config: {}    # an object for cloud-init's NoCloud source
///       vendor_data: {}       # an object for both
///     deployments:
///       - id: ID              # default: NAME
///         name: NAME
///         group: script       # default: script
///         config: TEXT
///         inputs: {}
///         outputs: []
///         options: {}
///         transport: CFN_SIGNAL
///         created: 1784972612
package enum NodeDocument {
    /// The node that a document is.
    ///
    /// - Parameter secret: makes what a part that is there leaves out of its secrets and keys; nil: that is an error.
    /// - Throws: `NodeDocumentError`.
    package static func node(
        _ document: MetadataValue, name: String, source: String, secret: (() -> String)? = nil
    ) throws(NodeDocumentError) -> NodeRecord {
        let root = try DocumentSection(document, "the node", source)
        try root.allow(["metadata", "credentials", "instance", "deployments"])
        let metadata = root.members["metadata"] ?? MetadataValue(.object(MetadataObject()))
        guard metadata.object != nil else { throw root.failure(metadata, "metadata is an object") }
        return NodeRecord(
            name: name, metadata: metadata, credentials: try credentials(root, name, secret),
            instance: try instance(root, name), deployments: try deployments(root))
    }

    private static func credentials(
        _ root: DocumentSection, _ name: String, _ secret: (() -> String)?
    ) throws(NodeDocumentError) -> NodeRecord.Credentials {
        guard let section = try root.section("credentials") else { return NodeRecord.Credentials() }
        try section.allow(["request", "cfn", "heat"])
        let request = try section.section("request")
        try request?.allow(["token"])
        var credentials = NodeRecord.Credentials(token: try request?.required("token", or: secret))
        if let cfn = try section.section("cfn") {
            try cfn.allow(["access_key_id", "secret_access_key", "stack_name", "resource"])
            credentials.cloudFormation = NodeRecord.CloudFormation(
                accessKey: try cfn.required("access_key_id", or: secret),
                secretKey: try cfn.required("secret_access_key", or: secret),
                stack: try cfn.optional("stack_name") ?? name,
                resource: try cfn.optional("resource") ?? name)
        }
        if let heat = try section.section("heat") {
            try heat.allow(["user_id", "password", "project_id", "stack_id", "resource_name"])
            let stack = try heat.optional("stack_id") ?? "\(name)/\(name)"
            guard stack.split(separator: "/", omittingEmptySubsequences: false).count == 2 else {
                throw heat.failure(heat.members["stack_id"] ?? document(heat), "stack_id is NAME/ID")
            }
            credentials.heat = NodeRecord.Heat(
                userID: try heat.required("user_id", or: secret),
                password: try heat.required("password", or: secret),
                projectID: try heat.optional("project_id") ?? "os-config", stackID: stack,
                resource: try heat.optional("resource_name") ?? name)
        }
        return credentials
    }

    private static func document(_ section: DocumentSection) -> MetadataValue {
        MetadataValue(.object(section.members))
    }

    private static func instance(
        _ root: DocumentSection, _ name: String
    ) throws(NodeDocumentError) -> NodeRecord.Instance? {
        guard let section = try root.section("instance") else { return nil }
        try section.allow([
            "addresses", "id", "hostname", "public_keys", "user_data", "network_data", "network_config",
            "vendor_data",
        ])
        let keys = try section.section("public_keys")?.members.members ?? []
        return NodeRecord.Instance(
            id: try section.optional("id") ?? name, hostname: try section.optional("hostname") ?? name,
            addresses: try section.addresses("addresses"),
            publicKeys: try keys.map { (member) throws(NodeDocumentError) in
                guard let text = member.value.string?.text, !text.isEmpty else {
                    throw section.failure(member.value, "a public key is a string")
                }
                return NodeRecord.Instance.PublicKey(name: member.key.text, text: text)
            },
            userData: try section.optional("user_data"), networkData: try section.object("network_data"),
            networkConfig: try section.object("network_config"),
            vendorData: try section.object("vendor_data"))
    }

    private static func deployments(_ root: DocumentSection) throws(NodeDocumentError) -> [Deployment] {
        var deployments: [Deployment] = []
        for value in try root.list("deployments") {
            let deployment = try deployment(value, source: root.source, id: nil, created: 0)
            if deployments.contains(where: { $0.name == deployment.name || $0.id == deployment.id }) {
                throw root.failure(value, "a second deployment named \(deployment.name)")
            }
            deployments.append(deployment)
        }
        return deployments
    }

    /// The deployment that a document is.
    ///
    /// - Parameters:
    ///   - id: for one that has none; nil: its name.
    ///   - created: for one that does not say.
    package static func deployment(
        _ value: MetadataValue, source: String, id: String?, created: Int
    ) throws(NodeDocumentError) -> Deployment {
        let section = try DocumentSection(value, "the deployment", source)
        try section.allow([
            "id", "name", "group", "config", "inputs", "outputs", "options", "transport", "created",
        ])
        let name = try section.required("name", or: nil)
        let transport = try section.optional("transport") ?? Deployment.Transport.cloudFormation.rawValue
        guard let transport = Deployment.Transport(rawValue: transport) else {
            let known = Deployment.Transport.allCases.map(\.rawValue).joined(separator: ", ")
            throw section.failure(section.members["transport"] ?? value, "transport is one of \(known)")
        }
        let identifier = try section.optional("id") ?? id ?? name
        guard identifier.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) else {
            throw section.failure(section.members["id"] ?? value, "a deployment's id is of ASCII, without /")
        }
        return Deployment(
            id: identifier, name: name, group: try section.optional("group") ?? "script",
            config: section.members["config"] ?? MetadataValue(string: ""),
            inputs: try section.section("inputs")?.members ?? .init(), outputs: try section.list("outputs"),
            options: try section.section("options")?.members ?? .init(), transport: transport,
            created: try section.number("created") ?? created)
    }
}

/// An object of a document.
struct DocumentSection {
    let members: MetadataObject
    let source: String
    private let value: MetadataValue
    private let title: String

    init(_ value: MetadataValue, _ title: String, _ source: String) throws(NodeDocumentError) {
        self.value = value
        self.title = title
        self.source = source
        members = value.object ?? MetadataObject()
        guard value.object != nil else { throw failure(value, "\(title) is an object") }
    }

    func allow(_ keys: Set<String>) throws(NodeDocumentError) {
        for member in members.members where !keys.contains(member.key.text) {
            throw failure(member.value, "unknown key '\(member.key)' in \(title)")
        }
    }

    func section(_ key: String) throws(NodeDocumentError) -> DocumentSection? {
        guard let value = members[ByteString(key)] else { return nil }
        return try DocumentSection(value, key, source)
    }

    func optional(_ key: String) throws(NodeDocumentError) -> String? {
        guard let value = members[ByteString(key)] else { return nil }
        guard let text = value.string?.text, !text.isEmpty else { throw failure(value, "\(key) is a string") }
        return text
    }

    func required(_ key: String, or make: (() -> String)?) throws(NodeDocumentError) -> String {
        guard let text = try optional(key) ?? make?() else { throw failure(value, "\(title) has no \(key)") }
        return text
    }

    func number(_ key: String) throws(NodeDocumentError) -> Int? {
        guard let value = members[ByteString(key)] else { return nil }
        guard case .integer(let number) = value.kind else { throw failure(value, "\(key) is an integer") }
        return Int(number)
    }

    /// Empty when there is none.
    func list(_ key: String) throws(NodeDocumentError) -> [MetadataValue] {
        guard let value = members[ByteString(key)] else { return [] }
        guard let list = value.array else { throw failure(value, "\(key) is a list") }
        return list
    }

    /// A list of IP addresses; empty when there is none.
    func addresses(_ key: String) throws(NodeDocumentError) -> [String] {
        try list(key).map { (element) throws(NodeDocumentError) in
            guard let text = element.string?.text, let address = IPAddress.canonical(text) else {
                throw failure(element, "an IP address is wanted")
            }
            return address
        }
    }

    func object(_ key: String) throws(NodeDocumentError) -> MetadataValue? {
        guard let value = members[ByteString(key)] else { return nil }
        guard value.object != nil else { throw failure(value, "\(key) is an object") }
        return value
    }

    func failure(_ value: MetadataValue, _ reason: String) -> NodeDocumentError {
        NodeDocumentError(description: "\(value.provenance.location ?? source): \(reason)")
    }
}
