// SPDX-License-Identifier: Apache-2.0

/// What keeps os-apply-config from doing what it was asked for, in one line.
struct ConfigError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension [String] {
    /// As Python writes a list of plain strings.
    var pythonList: String {
        "[" + map { $0.contains("'") && !$0.contains("\"") ? "\"\($0)\"" : "'\($0)'" }.joined(separator: ", ")
            + "]"
    }
}
