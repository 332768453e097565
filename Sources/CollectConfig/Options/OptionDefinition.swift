// SPDX-License-Identifier: Apache-2.0

/// One option of os-collect-config: of the command line, the configuration files and the environment alike.
struct OptionDefinition: Sendable {
    enum Kind: Sendable, Equatable {
        case string
        /// May be given more than once; all count.
        case list
        /// Not negative, perhaps with a fraction.
        case number
        case boolean
        /// With scheme and authority.
        case url
        case choice([String])
    }

    /// What stands for the value in a usage, and what a shell completes it with.
    enum Placeholder: String, Sendable, CaseIterable {
        case value, name, key, file, directory, url, seconds, bytes, command, id, path, format, facility
    }

    /// Nil: `[DEFAULT]`.
    let group: String?
    /// As on the command line, with hyphens where the original had them.
    let name: String
    var short: String?
    let kind: Kind
    /// The default; empty: none.
    let standard: [String]
    let placeholder: Placeholder
    /// Sentences, the first of which is enough where there is little room.
    let help: String
    /// Whether the original has it: only those can be abbreviated.
    let isOriginal: Bool

    /// As in a file: hyphens are underscores.
    var key: String { name.replacing("-", with: "_") }

    var spelling: String { group.map { "--\($0)-\(name)" } ?? "--\(name)" }

    /// Of a flag, what takes it back.
    var negatedSpelling: String { group.map { "--\($0)-no\(name)" } ?? "--no\(name)" }

    /// The environment variable that sets it.
    var variable: String { "OS_\((group ?? "DEFAULT").uppercased())__\(key.uppercased())" }

    /// What the value is measured in; nil when it is no quantity.
    var unit: String? {
        switch placeholder {
        case .seconds, .bytes: placeholder.rawValue
        default: nil
        }
    }
}
