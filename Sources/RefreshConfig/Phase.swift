// SPDX-License-Identifier: Apache-2.0

/// The phases of a run, in order, and the one that runs when another fails.
enum Phase: String, CaseIterable {
    case preConfigure = "pre-configure"
    case configure
    case postConfigure = "post-configure"
    case migration

    static let errorDirectory = "error.d"

    /// The directory of the phase's hooks below the base.
    var directory: String { rawValue + ".d" }
}
