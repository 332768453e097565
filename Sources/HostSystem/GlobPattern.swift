// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A shell's pattern of names (fnmatch(3)): `*`, `?`, `[…]`.
package struct GlobPattern: Sendable {
    package let text: String
    private let flags: Int32

    /// GNU's FNM_CASEFOLD, which the headers hide.
    private static let foldsCase: Int32 = 1 << 4

    package init(_ text: String, ignoresCase: Bool = false) {
        self.text = text
        flags = ignoresCase ? Self.foldsCase : 0
    }

    package func matches(_ name: String) -> Bool { fnmatch(text, name, flags) == 0 }
}
