// SPDX-License-Identifier: Apache-2.0

import HostSystem
import SystemPackage

/// A directory that has a standard place, may still be at one of former years, and can be named by a variable.
package struct DefaultDirectory: Sendable {
    package let path: String
    /// The former place, where that is what was found.
    package let deprecated: String?

    /// The value of `variable` where it is set, even to nothing; else the last of `former` that counts when nothing is at
    /// `standard`; else `standard`, which need not exist.
    package init(environment: [String: String], variable: String, standard: String, former: [String]) {
        if let chosen = environment[variable] {
            path = chosen
            deprecated = nil
            return
        }
        let old = former.first { FileContents.isDirectory(FilePath($0)) }
        deprecated = FileContents.isDirectory(FilePath(standard)) ? nil : old
        path = deprecated ?? standard
    }
}
