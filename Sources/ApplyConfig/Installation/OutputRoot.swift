// SPDX-License-Identifier: Apache-2.0

import HostSystem
import SystemPackage

/// The directory that output goes below.
struct OutputRoot {
    /// As it was given.
    let path: String

    /// Nil when it does not exist.
    func open() throws(HostError) -> RootedDirectory? {
        do {
            return try RootedDirectory(FilePath(path))
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return nil
        }
    }

    /// A path for a message: the root as it was given, and what is below it.
    func shown(_ path: FilePath) -> String {
        self.path.hasSuffix("/") ? "\(self.path)\(path)" : "\(self.path)/\(path)"
    }
}
