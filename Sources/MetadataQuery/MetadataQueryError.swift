// SPDX-License-Identifier: Apache-2.0

/// Why a question cannot be answered, in one line.
package struct MetadataQueryError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension [String] {
    /// As Python writes a list of plain strings.
    package var pythonList: String {
        "[" + map { $0.contains("'") && !$0.contains("\"") ? "\"\($0)\"" : "'\($0)'" }.joined(separator: ", ")
            + "]"
    }
}
