// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

/// What the server knows of one node.
package struct NodeRecord: Sendable, Equatable {
    /// What a node proves itself with, by protocol.
    package struct Credentials: Sendable, Equatable {
        /// The bearer token of the request protocol.
        package var token: String?
        package var cloudFormation: CloudFormation?
        package var heat: Heat?

        package init(token: String? = nil, cloudFormation: CloudFormation? = nil, heat: Heat? = nil) {
            self.token = token
            self.cloudFormation = cloudFormation
            self.heat = heat
        }
    }

    /// The user that a node is to Keystone, and the resource that it is to Heat: what os-collect-config's section `heat` holds.
    package struct Heat: Sendable, Equatable {
        package var userID: String
        package var password: String
        package var projectID: String
        /// `NAME/ID`.
        package var stackID: String
        package var resource: String

        package init(userID: String, password: String, projectID: String, stackID: String, resource: String) {
            self.userID = userID
            self.password = password
            self.projectID = projectID
            self.stackID = stackID
            self.resource = resource
        }
    }

    /// The keys that sign a node's CloudFormation calls, and the resource that it is there.
    package struct CloudFormation: Sendable, Equatable {
        package var accessKey: String
        package var secretKey: String
        package var stack: String
        package var resource: String

        package init(accessKey: String, secretKey: String, stack: String, resource: String) {
            self.accessKey = accessKey
            self.secretKey = secretKey
            self.stack = stack
            self.resource = resource
        }
    }

    /// The machine, as metadata services for instances tell of it.
    package struct Instance: Sendable, Equatable {
        package struct PublicKey: Sendable, Equatable {
            package var name: String
            /// As in `authorized_keys`.
            package var text: String

            package init(name: String, text: String) {
                self.name = name
                self.text = text
            }
        }

        package var id: String
        package var hostname: String
        /// The IP addresses it asks from, each written in one way only.
        package var addresses: [String]
        package var publicKeys: [PublicKey]
        /// Nil: there is none.
        package var userData: String?
        /// An object, as OpenStack's `network_data.json`.
        package var networkData: MetadataValue?
        /// An object, as version 1 or 2 of cloud-init's network configuration.
        package var networkConfig: MetadataValue?
        /// An object, as OpenStack's `vendor_data.json`.
        package var vendorData: MetadataValue?

        package init(
            id: String, hostname: String, addresses: [String] = [], publicKeys: [PublicKey] = [],
            userData: String? = nil, networkData: MetadataValue? = nil, networkConfig: MetadataValue? = nil,
            vendorData: MetadataValue? = nil
        ) {
            self.id = id
            self.hostname = hostname
            self.addresses = addresses
            self.publicKeys = publicKeys
            self.userData = userData
            self.networkData = networkData
            self.networkConfig = networkConfig
            self.vendorData = vendorData
        }
    }

    package var name: String
    /// An object.
    package var metadata: MetadataValue
    package var credentials: Credentials
    package var instance: Instance
    /// In the order in which they are to be made.
    package var deployments: [Deployment]
    /// The number of the store's change that made it what it is; 0 before it is stored.
    package var revision: Int
    /// When it last changed, in seconds since 1970.
    package var modified: Int

    /// - Parameter instance: nil: one that has the node's name.
    package init(
        name: String, metadata: MetadataValue, credentials: Credentials, instance: Instance? = nil,
        deployments: [Deployment] = [], revision: Int = 0, modified: Int = 0
    ) {
        self.name = name
        self.metadata = metadata
        self.credentials = credentials
        self.instance = instance ?? Instance(id: name, hostname: name)
        self.deployments = deployments
        self.revision = revision
        self.modified = modified
    }

    /// What others may find it by: every key but an address is its own.
    package var keys: [NodeKey] {
        var keys: [NodeKey] = []
        if let cloudFormation = credentials.cloudFormation {
            keys.append(.accessKey(cloudFormation.accessKey))
        }
        if let heat = credentials.heat { keys.append(.userID(heat.userID)) }
        return keys + instance.addresses.map { .address($0) }
    }
}

/// What a node is found by.
package enum NodeKey: Sendable, Hashable, CustomStringConvertible {
    /// A CloudFormation access key.
    case accessKey(String)
    /// A user of Keystone.
    case userID(String)
    /// An IP address that it asks from; of several nodes, the first by name counts.
    case address(String)

    package var isUnique: Bool { if case .address = self { false } else { true } }

    package var kind: String {
        switch self {
        case .accessKey: "access key"
        case .userID: "user"
        case .address: "address"
        }
    }

    package var value: String {
        switch self {
        case .accessKey(let value), .userID(let value), .address(let value): value
        }
    }

    package var description: String { "\(kind) \(value)" }
}
