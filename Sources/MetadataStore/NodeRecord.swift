// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

/// What the server knows of one node.
package struct NodeRecord: Sendable, Equatable {
    /// What a node proves itself with, by protocol.
    package struct Credentials: Sendable, Equatable {
        /// The bearer token of the request protocol.
        package var token: String?
        package var cloudFormation: CloudFormation?

        package init(token: String? = nil, cloudFormation: CloudFormation? = nil) {
            self.token = token
            self.cloudFormation = cloudFormation
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
    /// When it last changed, in seconds since 1970.
    package var modified: Int

    /// - Parameter instance: nil: one that has the node's name.
    package init(
        name: String, metadata: MetadataValue, credentials: Credentials, instance: Instance? = nil,
        modified: Int
    ) {
        self.name = name
        self.metadata = metadata
        self.credentials = credentials
        self.instance = instance ?? Instance(id: name, hostname: name)
        self.modified = modified
    }
}
