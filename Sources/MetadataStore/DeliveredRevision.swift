// SPDX-License-Identifier: Apache-2.0

/// The last revision of itself that a node has been given.
package struct DeliveredRevision: Sendable, Equatable {
    package let node: String
    package let revision: Int
    /// Seconds since 1970.
    package let time: Int

    package init(node: String, revision: Int, time: Int) {
        self.node = node
        self.revision = revision
        self.time = time
    }
}
