// SPDX-License-Identifier: Apache-2.0

/// The phases of a run, in order.
enum Phase: String, CaseIterable, Sendable {
    case preConfigure = "pre-configure"
    case configure
    case postConfigure = "post-configure"
    case migration

    /// What runs when a phase has failed.
    static let errors = "error"

    /// The directory of a phase's hooks, below the base.
    static func directory(of phase: String) -> String { phase + ".d" }
}
