// SPDX-License-Identifier: Apache-2.0

import HostSystem
import SystemPackage

/// The hooks of one directory, in the order in which they run.
struct HookDirectory {
    /// Why a file of the directory is no hook.
    enum SkipReason: Sendable, Equatable {
        case notExecutable
        case nameDoesNotMatch
        case danglingLink
        case notFile

        /// For programs.
        var word: String {
            switch self {
            case .notExecutable: "not-executable"
            case .nameDoesNotMatch: "name-filtered"
            case .danglingLink: "dangling-link"
            case .notFile: "not-a-file"
            }
        }

        func description(pattern: String) -> String {
            switch self {
            case .notExecutable: "not executable"
            case .nameDoesNotMatch: "its name does not match \(pattern)"
            case .danglingLink: "a link to nothing"
            case .notFile: "not a file"
            }
        }
    }

    /// As it was given: messages and hooks' paths start with it.
    let path: String
    /// The names of the hooks.
    let hooks: [String]
    /// What else there is, by the bytes of the names.
    let skipped: [(name: String, reason: SkipReason)]
    /// What the names have to match.
    let pattern: String

    static let defaultPattern = "^[0-9A-Za-z_-]+$"

    /// The executable files of `path`, links to files among them, whose names match `pattern` (a POSIX extended
    /// expression; nil or empty: letters, digits, `_` and `-`). By number, then by bytes.
    ///
    /// - Throws: `HostError` when the directory cannot be listed, `ExtendedExpression.PatternError`.
    init(_ path: String, pattern: String? = nil) throws {
        self.path = path
        let pattern = pattern.flatMap { $0.isEmpty ? nil : $0 } ?? Self.defaultPattern
        self.pattern = pattern
        let expression = try ExtendedExpression(pattern)
        var names: [String] = []
        var skipped: [(name: String, reason: SkipReason)] = []
        for entry in try DirectoryListing.entries(of: FilePath(path)) {
            let name = entry.name.string
            let file = FilePath(path).appending(entry.name)
            if let reason = Self.skipReason(file, isLink: entry.kind == .link) {
                skipped.append((name, reason))
            } else if !expression.matches(name.utf8) || FilePath.Component(name) != entry.name {
                // The second: no text, and no pattern speaks of such names.
                skipped.append((name, .nameDoesNotMatch))
            } else {
                names.append(name)
            }
        }
        self.skipped = skipped
        hooks = Self.sorted(names)
    }

    private static func skipReason(_ file: FilePath, isLink: Bool) -> SkipReason? {
        guard let status = FileContents.status(file) else { return isLink ? .danglingLink : .notFile }
        if !status.isRegular { return .notFile }
        return FileContents.isExecutable(file) ? nil : .notExecutable
    }

    /// By number, then by bytes.
    static func sorted(_ names: [String]) -> [String] {
        names.map { (name: $0, number: LeadingNumber($0)) }
            .sorted { left, right in
                left.number == right.number
                    ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8) : left.number < right.number
            }
            .map(\.name)
    }

    func hookPath(_ name: String) -> String { "\(path)/\(name)" }
}
