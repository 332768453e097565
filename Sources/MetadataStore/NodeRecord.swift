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

    package var name: String
    /// An object.
    package var metadata: MetadataValue
    package var credentials: Credentials
    /// When it last changed, in seconds since 1970.
    package var modified: Int

    package init(name: String, metadata: MetadataValue, credentials: Credentials, modified: Int) {
        self.name = name
        self.metadata = metadata
        self.credentials = credentials
        self.modified = modified
    }
}
