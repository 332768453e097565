// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import MetadataTree
import YAMLReading

/// A node file that cannot be used: what is wrong, and where.
struct NodeFileError: Error, CustomStringConvertible {
    let description: String
}

/// Reads `NAME.yaml`, `NAME.yml` or `NAME.json`:
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
enum NodeFile {
    /// - Throws: `NodeFileError`.
    static func read(_ source: MetadataSource, name: String, isJSON: Bool, modified: Int) throws -> NodeRecord
    {
        let document: MetadataValue
        do {
            document = isJSON ? try JSONParser.parse(source) : try YAMLReader.read(source)
        } catch {
            throw NodeFileError(description: "\(error)")
        }
        let root = try Section(document, "the node", source)
        try root.allow(["metadata", "credentials", "instance"])
        let metadata = root.members["metadata"] ?? MetadataValue(.object(MetadataObject()))
        guard metadata.object != nil else { throw root.failure(metadata, "metadata is an object") }
        let credentials = try root.section("credentials")
        try credentials?.allow(["request", "cfn"])
        let request = try credentials?.section("request")
        try request?.allow(["token"])
        return NodeRecord(
            name: name, metadata: metadata,
            credentials: NodeRecord.Credentials(
                token: try request?.required("token"), cloudFormation: try cloudFormation(credentials, name)),
            instance: try instance(root, name), modified: modified)
    }

    private static func cloudFormation(_ credentials: Section?, _ name: String) throws -> NodeRecord
        .CloudFormation?
    {
        guard let section = try credentials?.section("cfn") else { return nil }
        try section.allow(["access_key_id", "secret_access_key", "stack_name", "resource"])
        return NodeRecord.CloudFormation(
            accessKey: try section.required("access_key_id"),
            secretKey: try section.required("secret_access_key"),
            stack: try section.optional("stack_name") ?? name,
            resource: try section.optional("resource") ?? name)
    }

    private static func instance(_ root: Section, _ name: String) throws -> NodeRecord.Instance? {
        guard let section = try root.section("instance") else { return nil }
        try section.allow([
            "addresses", "id", "hostname", "public_keys", "user_data", "network_data", "network_config",
            "vendor_data",
        ])
        let keys = try section.section("public_keys")?.members.members ?? []
        return NodeRecord.Instance(
            id: try section.optional("id") ?? name, hostname: try section.optional("hostname") ?? name,
            addresses: try section.addresses("addresses"),
            publicKeys: try keys.map { member in
                guard let text = member.value.string?.text, !text.isEmpty else {
                    throw section.failure(member.value, "a public key is a string")
                }
                return NodeRecord.Instance.PublicKey(name: member.key.text, text: text)
            },
            userData: try section.optional("user_data"), networkData: try section.object("network_data"),
            networkConfig: try section.object("network_config"),
            vendorData: try section.object("vendor_data"))
    }

    /// An object of the file.
    private struct Section {
        let members: MetadataObject
        private let value: MetadataValue
        private let title: String
        private let source: MetadataSource

        init(_ value: MetadataValue, _ title: String, _ source: MetadataSource) throws {
            self.value = value
            self.title = title
            self.source = source
            members = value.object ?? MetadataObject()
            guard value.object != nil else { throw failure(value, "\(title) is an object") }
        }

        func allow(_ keys: Set<String>) throws {
            for member in members.members where !keys.contains(member.key.text) {
                throw failure(member.value, "unknown key '\(member.key)' in \(title)")
            }
        }

        func section(_ key: String) throws -> Section? {
            try members[ByteString(key)].map { try Section($0, key, source) }
        }

        func optional(_ key: String) throws -> String? {
            guard let value = members[ByteString(key)] else { return nil }
            guard let text = value.string?.text, !text.isEmpty else {
                throw failure(value, "\(key) is a string")
            }
            return text
        }

        /// A list of IP addresses; empty when there is none.
        func addresses(_ key: String) throws -> [String] {
            guard let value = members[ByteString(key)] else { return [] }
            guard let list = value.array else { throw failure(value, "\(key) is a list") }
            return try list.map { element in
                guard let text = element.string?.text, let address = ClientAddresses.canonical(text) else {
                    throw failure(element, "an IP address is wanted")
                }
                return address
            }
        }

        func object(_ key: String) throws -> MetadataValue? {
            guard let value = members[ByteString(key)] else { return nil }
            guard value.object != nil else { throw failure(value, "\(key) is an object") }
            return value
        }

        func required(_ key: String) throws -> String {
            guard let text = try optional(key) else { throw failure(value, "\(title) has no \(key)") }
            return text
        }

        func failure(_ value: MetadataValue, _ reason: String) -> NodeFileError {
            NodeFileError(description: "\(value.provenance.location ?? source.name): \(reason)")
        }
    }
}
