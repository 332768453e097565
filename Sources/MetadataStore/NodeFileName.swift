// SPDX-License-Identifier: Apache-2.0

/// The name of a file that holds a node: `NAME.yaml`, `NAME.yml` or `NAME.json`, with no dot in front.
package struct NodeFileName: Sendable {
    /// Of the node.
    package let node: String
    package let isJSON: Bool

    /// Nil: a file of another kind.
    package init?(_ file: String) {
        guard let dot = file.lastIndex(of: "."), dot != file.startIndex, !file.hasPrefix(".") else {
            return nil
        }
        let type = file[file.index(after: dot)...]
        guard ["yaml", "yml", "json"].contains(type) else { return nil }
        node = String(file[..<dot])
        isJSON = type == "json"
    }
}
