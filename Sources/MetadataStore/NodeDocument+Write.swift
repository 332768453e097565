// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

extension NodeDocument {
    /// The document of a node.
    ///
    /// - Parameter hidesSecrets: without credentials.
    package static func value(of node: NodeRecord, hidesSecrets: Bool = false) -> MetadataValue {
        JSONShape.object([
            ("metadata", node.metadata),
            ("credentials", hidesSecrets ? nil : credentials(node.credentials)),
            ("instance", instance(node.instance, of: node.name)),
            (
                "deployments",
                node.deployments.isEmpty ? nil : JSONShape.array(node.deployments.map(value(of:)))
            ),
        ])
    }

    package static func value(of deployment: Deployment) -> MetadataValue {
        JSONShape.object([
            ("id", MetadataValue(string: deployment.id)), ("name", MetadataValue(string: deployment.name)),
            ("group", MetadataValue(string: deployment.group)), ("config", deployment.config),
            ("inputs", object(deployment.inputs)),
            ("outputs", deployment.outputs.isEmpty ? nil : JSONShape.array(deployment.outputs)),
            ("options", object(deployment.options)),
            ("transport", MetadataValue(string: deployment.transport.rawValue)),
            ("created", JSONShape.number(deployment.created)),
        ])
    }

    package static func credentials(_ credentials: NodeRecord.Credentials) -> MetadataValue? {
        let value = JSONShape.object([
            (
                "request",
                credentials.token.map { JSONShape.object([("token", MetadataValue(string: $0))]) }
            ),
            (
                "cfn",
                credentials.cloudFormation.map { keys in
                    JSONShape.object([
                        ("access_key_id", MetadataValue(string: keys.accessKey)),
                        ("secret_access_key", MetadataValue(string: keys.secretKey)),
                        ("stack_name", MetadataValue(string: keys.stack)),
                        ("resource", MetadataValue(string: keys.resource)),
                    ])
                }
            ),
            (
                "heat",
                credentials.heat.map { heat in
                    JSONShape.object([
                        ("user_id", MetadataValue(string: heat.userID)),
                        ("password", MetadataValue(string: heat.password)),
                        ("project_id", MetadataValue(string: heat.projectID)),
                        ("stack_id", MetadataValue(string: heat.stackID)),
                        ("resource_name", MetadataValue(string: heat.resource)),
                    ])
                }
            ),
        ])
        return value.object?.isEmpty == true ? nil : value
    }

    private static func instance(_ instance: NodeRecord.Instance, of name: String) -> MetadataValue? {
        let keys = JSONShape.object(instance.publicKeys.map { ($0.name, MetadataValue(string: $0.text)) })
        let value = JSONShape.object([
            (
                "addresses",
                instance.addresses.isEmpty
                    ? nil : JSONShape.array(instance.addresses.map { MetadataValue(string: $0) })
            ),
            ("id", instance.id == name ? nil : MetadataValue(string: instance.id)),
            ("hostname", instance.hostname == name ? nil : MetadataValue(string: instance.hostname)),
            ("public_keys", instance.publicKeys.isEmpty ? nil : keys),
            ("user_data", instance.userData.map { MetadataValue(string: $0) }),
            ("network_data", instance.networkData), ("network_config", instance.networkConfig),
            ("vendor_data", instance.vendorData),
        ])
        return value.object?.isEmpty == true ? nil : value
    }

    private static func object(_ members: MetadataObject) -> MetadataValue? {
        members.isEmpty ? nil : MetadataValue(.object(members))
    }
}

extension MetadataValue {
    /// Whether both are written with the same bytes: the order of members counts.
    package func isWritten(as other: MetadataValue) -> Bool {
        JSONWriter.bytes(of: self) == JSONWriter.bytes(of: other)
    }
}
