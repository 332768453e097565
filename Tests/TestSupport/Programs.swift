// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where the built programs are.
package enum Programs {
    /// The root of the package.
    package static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// The directory of the release build: what a user installs is what is tested.
    package static let directory =
        ProcessInfo.processInfo.environment["OS_CONFIG_BINARIES"] ?? "\(root)/.build/release"

    package static func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// The Python environment with the original agents.
    package static let originals =
        ProcessInfo.processInfo.environment["OS_CONFIG_ORIGINALS"] ?? "\(root)/.build/originals"

    /// Locales that were compiled for the tests (for `LOCPATH`).
    package static let locales = "\(root)/.build/locales"
}
