// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

/// A software deployment as Heat's agents know it: a configuration that a hook of the node runs once, and then signals.
///
/// Source of the format: OpenStack Heat, "Software configuration"; heat-agents, `55-heat-config` and `heat-config-notify`.
package struct Deployment: Sendable, Equatable {
    /// How the node tells what came of it.
    package enum Transport: String, Sendable, CaseIterable {
        /// A signed URL of the CloudFormation interface.
        case cloudFormation = "CFN_SIGNAL"
        /// A signed URL of an object, as Swift's temporary URLs.
        case temporaryURL = "TEMP_URL_SIGNAL"
        /// Heat's own interface, with a token of Keystone's.
        case heat = "HEAT_SIGNAL"
        /// A message in a queue.
        case zaqar = "ZAQAR_SIGNAL"
        /// It does not tell.
        case none = "NO_SIGNAL"
    }

    /// New for whatever is to be run anew: the agents run each once.
    package var id: String
    /// One deployment of a name is in force on a node.
    package var name: String
    /// Which hook runs it: `script`, `ansible`, …
    package var group: String
    /// A string, or an object where the hook wants one.
    package var config: MetadataValue
    /// An object: a name and a value each.
    package var inputs: MetadataObject
    /// A list of objects with `name`: what the node is to tell.
    package var outputs: [MetadataValue]
    /// An object.
    package var options: MetadataObject
    package var transport: Transport
    /// Seconds since 1970.
    package var created: Int

    package init(
        id: String, name: String, group: String, config: MetadataValue, inputs: MetadataObject = .init(),
        outputs: [MetadataValue] = [], options: MetadataObject = .init(),
        transport: Transport = .cloudFormation, created: Int
    ) {
        self.id = id
        self.name = name
        self.group = group
        self.config = config
        self.inputs = inputs
        self.outputs = outputs
        self.options = options
        self.transport = transport
        self.created = created
    }
}

/// What a node told of a deployment, or of itself.
package struct Signal: Sendable, Equatable {
    /// How many of a node are kept: the last ones.
    package static let limit = 1_000

    package enum Status: String, Sendable {
        case complete = "COMPLETE"
        case failed = "FAILED"
    }

    package var node: String
    /// The deployment's id, or the name of a wait condition.
    package var subject: String
    /// What makes two signals of a subject the same: the second is not kept.
    package var id: String
    package var status: Status
    package var reason: String?
    /// The whole, as it was told.
    package var body: MetadataValue
    /// Seconds since 1970.
    package var received: Int
    /// The number of the store's change that it is; 0 before it is stored.
    package var revision: Int

    package init(
        node: String, subject: String, id: String, status: Status, reason: String? = nil,
        body: MetadataValue, received: Int, revision: Int = 0
    ) {
        self.node = node
        self.subject = subject
        self.id = id
        self.status = status
        self.reason = reason
        self.body = body
        self.received = received
        self.revision = revision
    }
}
