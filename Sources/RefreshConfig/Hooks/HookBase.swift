// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HostSystem
import SystemPackage

/// The directory with the directories of all phases.
struct HookBase: Sendable {
    let path: String
    /// What the names of hooks have to match; nil or empty: the standard.
    let pattern: String?

    /// What the names are to match is no expression.
    struct PatternError: Error, CustomStringConvertible {
        let description: String
    }

    static let variable = "OS_REFRESH_CONFIG_BASE_DIR"
    static let patternVariable = "RUN_PARTS_REGEX"

    /// The base directory that the environment names, or else the standard one; of a former one that is used there is a
    /// warning.
    init(environment: [String: String]) {
        let directory = DefaultDirectory(
            environment: environment, variable: Self.variable,
            standard: "/usr/libexec/os-refresh-config", former: ["/opt/stack/os-config-refresh"])
        if let old = directory.deprecated {
            StandardStream.error.write(
                "WARNING:root:Base directory \(old) is deprecated. The recommended base directory is "
                    + "/usr/libexec/os-refresh-config\n")
        }
        path = directory.path
        pattern = environment[Self.patternVariable]
    }

    /// Relative to the working directory where the base is empty.
    func directoryPath(of phase: String) -> String {
        let name = Phase.directory(of: phase)
        return path.isEmpty ? name : "\(path)/\(name)"
    }

    /// The hooks of `phase`; nil when it has no directory.
    ///
    /// - Throws: `HostError`, `PatternError`.
    func directory(of phase: String) throws -> HookDirectory? {
        let path = directoryPath(of: phase)
        guard FileContents.status(FilePath(path)) != nil else { return nil }
        do {
            return try HookDirectory(path, pattern: pattern)
        } catch let error as ExtendedExpression.PatternError {
            throw PatternError(description: "\(Self.patternVariable): \(error)")
        }
    }
}
