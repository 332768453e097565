// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import MetadataTree
import YAMLReading

/// Reads `NAME.yaml`, `NAME.yml` or `NAME.json`: a node as `NodeDocument` has it.
enum NodeFile {
    /// - Throws: `NodeDocumentError`.
    static func read(_ source: MetadataSource, name: String, isJSON: Bool) throws -> NodeRecord {
        let document: MetadataValue
        do {
            document = isJSON ? try JSONParser.parse(source) : try YAMLReader.read(source)
        } catch {
            throw NodeDocumentError(description: "\(error)")
        }
        return try NodeDocument.node(document, name: name, source: source.name)
    }
}
