// SPDX-License-Identifier: Apache-2.0

/// Which metadata files are asked for.
package struct MetadataSelection: Sendable {
    /// Those that are named; none: those of the environment or of the list.
    package let metadata: [String]
    /// Those that are merged first.
    package let fallback: [String]
    /// Where the list of files is, if not at its usual place.
    package let list: String?

    package init(metadata: [String], fallback: [String], list: String?) {
        self.metadata = metadata
        self.fallback = fallback
        self.list = list
    }
}
