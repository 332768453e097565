// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import MetadataTree

/// What one request sees of the stack of the node that sent it.
struct HeatStackView {
    enum Answer {
        case document(MetadataValue)
        case elsewhere(String)
    }

    let node: NodeRecord
    let heat: NodeRecord.Heat
    let base: String
    let project: String?
    let stackName: String?
    let stackID: String?
    let resourceName: String?

    /// Whether project and stack are the node's.
    var isOwn: Bool {
        project == heat.projectID && (stackName == nil || stackName == name || stackName == id)
            && (stackID == nil || (stackName == name && stackID == id))
    }

    func isDeployment(_ name: String) -> Bool { node.deployments.contains { $0.id == name } }

    private var name: String { String(heat.stackID.prefix { $0 != "/" }) }
    private var id: String { String(heat.stackID.drop { $0 != "/" }.dropFirst()) }
    private var url: String { "\(base)/v1/\(heat.projectID)/stacks/\(heat.stackID)" }

    func redirection(_ rest: String = "") -> Answer? { .elsewhere(url + rest) }

    var list: Answer? { .document(JSONShape.object([("stacks", JSONShape.array([stackValue]))])) }

    var stack: Answer? { .document(JSONShape.object([("stack", stackValue)])) }

    var resources: Answer? {
        let names = [heat.resource] + node.deployments.map(\.id)
        return .document(
            JSONShape.object([("resources", JSONShape.array(names.map(resourceValue)))]))
    }

    var resource: Answer? {
        guard let resourceName, resourceName == heat.resource || isDeployment(resourceName) else {
            return nil
        }
        return .document(JSONShape.object([("resource", resourceValue(resourceName))]))
    }

    var metadata: Answer? {
        get throws {
            guard resourceName == heat.resource else { return nil }
            let document = try NodeDelivery(node: node, base: base).document()
            return .document(JSONShape.object([("metadata", document)]))
        }
    }

    private var stackValue: MetadataValue {
        let time = MetadataValue(string: HTTPDate.timestamp(node.modified))
        return JSONShape.object([
            ("id", MetadataValue(string: id)), ("stack_name", MetadataValue(string: name)),
            ("description", MetadataValue(string: "")),
            ("stack_status", MetadataValue(string: "CREATE_COMPLETE")),
            ("stack_status_reason", MetadataValue(string: "")), ("creation_time", time),
            ("updated_time", time), ("stack_owner", .null), ("parent", .null),
            ("links", JSONShape.array([KeystoneDocuments.link("self", url)])),
        ])
    }

    private func resourceValue(_ resource: String) -> MetadataValue {
        let isServer = resource == heat.resource
        return JSONShape.object([
            ("resource_name", MetadataValue(string: resource)),
            ("logical_resource_id", MetadataValue(string: resource)),
            ("physical_resource_id", MetadataValue(string: isServer ? node.instance.id : resource)),
            (
                "resource_type",
                MetadataValue(string: isServer ? "OS::Nova::Server" : "OS::Heat::SoftwareDeployment")
            ),
            ("resource_status", MetadataValue(string: "CREATE_COMPLETE")),
            ("resource_status_reason", MetadataValue(string: "")),
            ("updated_time", MetadataValue(string: HTTPDate.timestamp(node.modified))),
            ("required_by", JSONShape.array([])),
            (
                "links",
                JSONShape.array([
                    KeystoneDocuments.link("self", "\(url)/resources/\(resource)"),
                    KeystoneDocuments.link("stack", url),
                ])
            ),
        ])
    }
}
