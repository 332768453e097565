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
        try root.allow(["metadata", "credentials"])
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
            modified: modified)
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

        func required(_ key: String) throws -> String {
            guard let text = try optional(key) else { throw failure(value, "\(title) has no \(key)") }
            return text
        }

        func failure(_ value: MetadataValue, _ reason: String) -> NodeFileError {
            NodeFileError(description: "\(value.provenance.location ?? source.name): \(reason)")
        }
    }
}
