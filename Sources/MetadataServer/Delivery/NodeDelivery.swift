// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import MetadataTree

/// What a node gets: its metadata, and its deployments with all that they need to signal.
///
/// Source of the format: OpenStack Heat, `heat/engine/resources/openstack/heat/software_deployment.py` (the names of the inputs).
struct NodeDelivery {
    let node: NodeRecord
    /// Of the server, as the node knows it: `http://HOST:PORT`.
    let base: String

    /// - Throws: `DigestError`.
    func document() throws -> MetadataValue {
        guard !node.deployments.isEmpty, var object = node.metadata.object else { return node.metadata }
        let own = object["deployments"]?.array ?? []
        object["deployments"] = JSONShape.array(own + (try node.deployments.map(value(of:))))
        return MetadataValue(.object(object))
    }

    private func value(of deployment: Deployment) throws -> MetadataValue {
        let given = deployment.inputs.members.map { input(name: $0.key.text, $0.value) }
        let added = try signalInputs(of: deployment).map { input(name: $0.0, MetadataValue(string: $0.1)) }
        return JSONShape.object([
            ("id", MetadataValue(string: deployment.id)), ("name", MetadataValue(string: deployment.name)),
            ("group", MetadataValue(string: deployment.group)), ("config", deployment.config),
            ("inputs", JSONShape.array(given + added)), ("outputs", JSONShape.array(deployment.outputs)),
            ("options", MetadataValue(.object(deployment.options))),
            ("creation_time", MetadataValue(string: HTTPDate.timestamp(deployment.created))),
        ])
    }

    private func input(name: String, _ value: MetadataValue) -> MetadataValue {
        JSONShape.object([
            ("name", MetadataValue(string: name)), ("value", value),
            ("type", MetadataValue(string: value.string == nil ? "Json" : "String")),
        ])
    }

    private func signalInputs(of deployment: Deployment) throws -> [(String, String)] {
        let urls = SignalURLs(node: node, base: base)
        let stack = node.credentials.heat?.stackID ?? "\(node.name)/\(node.name)"
        let common = [
            ("deploy_server_id", node.instance.id), ("deploy_action", "CREATE"), ("deploy_stack_id", stack),
            ("deploy_resource_name", deployment.id),
            ("deploy_signal_transport", deployment.transport.rawValue),
        ]
        switch deployment.transport {
        case .none: return common
        case .cloudFormation:
            guard let url = try urls.cloudFormation(.signal, subject: deployment.id) else { return common }
            return common + [("deploy_signal_id", url), ("deploy_signal_verb", "POST")]
        case .temporaryURL:
            guard let url = try urls.temporary(subject: deployment.id) else { return common }
            return common + [("deploy_signal_id", url), ("deploy_signal_verb", "PUT")]
        case .heat, .zaqar:
            guard let heat = node.credentials.heat else { return common }
            let queue = deployment.transport == .zaqar ? [("deploy_queue_id", deployment.id)] : []
            return common + [
                ("deploy_auth_url", "\(base)/v3"), ("deploy_username", heat.userID),
                ("deploy_user_id", heat.userID), ("deploy_password", heat.password),
                ("deploy_project_id", heat.projectID), ("deploy_region_name", KeystoneDocuments.region),
            ] + queue
        }
    }
}
