// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import MetadataTree

/// A node as administrators see it: with what it told of its deployments.
struct NodeView {
    enum Status: String {
        case inProgress = "IN_PROGRESS"
        case complete = "COMPLETE"
        case failed = "FAILED"
    }

    let node: NodeRecord
    /// The last one of each subject.
    let signals: [String: Signal]
    /// Nil: it has got nothing yet.
    let delivered: DeliveredRevision?

    /// Of a deployment; of one that does not tell: complete.
    func status(of deployment: Deployment) -> Status {
        guard let signal = signals[deployment.id] else {
            return deployment.transport == .none ? .complete : .inProgress
        }
        return signal.status == .complete ? .complete : .failed
    }

    /// Failed when a deployment is; complete when all are, and the node has got what it is now.
    var status: Status {
        let all = node.deployments.map(status(of:))
        if all.contains(.failed) { return .failed }
        // Instance data is read once a boot and proves nothing: who gets no more than that is not waited for.
        let isDelivered = delivered?.revision == node.revision || node.credentials == .init()
        return isDelivered && !all.contains(.inProgress) ? .complete : .inProgress
    }

    private var deliveredValue: MetadataValue? {
        delivered.map { delivered in
            JSONShape.object([
                ("revision", JSONShape.number(delivered.revision)),
                ("time", MetadataValue(string: HTTPDate.timestamp(delivered.time))),
            ])
        }
    }

    /// - Parameter base: of the server, as the node knows it.
    func value(withCredentials: Bool, base: String) -> MetadataValue {
        let document = NodeDocument.value(of: node).object
        return JSONShape.object([
            ("name", MetadataValue(string: node.name)), ("server", MetadataValue(string: base)),
            ("revision", JSONShape.number(node.revision)),
            ("modified", MetadataValue(string: HTTPDate.timestamp(node.modified))),
            ("delivered", deliveredValue),
            ("status", MetadataValue(string: status.rawValue)), ("metadata", node.metadata),
            ("credentials", withCredentials ? document?["credentials"] : nil),
            ("instance", document?["instance"]),
            ("deployments", JSONShape.array(node.deployments.map(value(of:)))),
        ])
    }

    /// A line of the list.
    var summary: MetadataValue {
        JSONShape.object([
            ("name", MetadataValue(string: node.name)), ("revision", JSONShape.number(node.revision)),
            ("modified", MetadataValue(string: HTTPDate.timestamp(node.modified))),
            ("status", MetadataValue(string: status.rawValue)),
            ("delivered", deliveredValue),
            ("deployments", JSONShape.number(node.deployments.count)),
            (
                "addresses", JSONShape.array(node.instance.addresses.map { MetadataValue(string: $0) })
            ),
        ])
    }

    func value(of deployment: Deployment) -> MetadataValue {
        var object = NodeDocument.value(of: deployment).object ?? MetadataObject()
        object["created"] = MetadataValue(string: HTTPDate.timestamp(deployment.created))
        object["status"] = MetadataValue(string: status(of: deployment).rawValue)
        if let signal = signals[deployment.id] {
            object["reason"] = signal.reason.map { MetadataValue(string: $0) }
            object["signalled"] = MetadataValue(string: HTTPDate.timestamp(signal.received))
        }
        return MetadataValue(.object(object))
    }

    static func value(of signal: Signal) -> MetadataValue {
        JSONShape.object([
            ("revision", JSONShape.number(signal.revision)),
            ("subject", MetadataValue(string: signal.subject)), ("id", MetadataValue(string: signal.id)),
            ("status", MetadataValue(string: signal.status.rawValue)),
            ("reason", signal.reason.map { MetadataValue(string: $0) }),
            ("received", MetadataValue(string: HTTPDate.timestamp(signal.received))), ("body", signal.body),
        ])
    }

    static func value(of event: StoreEvent) -> MetadataValue {
        JSONShape.object([
            ("revision", JSONShape.number(event.revision)),
            ("kind", MetadataValue(string: event.kind.rawValue)),
            ("node", MetadataValue(string: event.node)), ("author", MetadataValue(string: event.author)),
            ("time", MetadataValue(string: HTTPDate.timestamp(event.time))),
        ])
    }
}
