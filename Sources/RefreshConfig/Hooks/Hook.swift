// SPDX-License-Identifier: Apache-2.0

/// A program of a hook directory.
struct Hook: Sendable, Equatable {
    /// The name of the directory without its `.d`: a phase, or `error`.
    let phase: String
    let name: String
    /// As the directory was given, a slash, and the name.
    let path: String

    /// Whether it stands for the files of `environment.d`, which are read as if they were the first hook of each directory.
    var isEnvironment: Bool { path == HookEnvironment.directoryName }

    static func environment(of phase: String) -> Hook {
        Hook(phase: phase, name: HookEnvironment.directoryName, path: HookEnvironment.directoryName)
    }
}
