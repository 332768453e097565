// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import HostSystem
import SystemPackage

/// The file by which hooks tell each other which groups of files changed: os-apply-config adds names, and answers from it.
///
/// It lies in the state directory and is kept until a whole run has succeeded: what a hook would have done about a change is not
/// forgotten when another failed before it. Where there is no such directory it is a file of the run alone.
struct ChangedGroupsFile: Sendable {
    let path: FilePath
    private let directory: PrivateDirectory?

    /// - Parameter state: the state directory; made if need be.
    /// - Throws: `HostError` when there is no place for the file at all.
    init(state: FilePath) throws(HostError) {
        let isThere = (try? RootedDirectory(state, creating: .byUmask)) != nil
        if isThere, Self.isUsable(state.appending(Self.name)),
            state.withPlatformString({ access($0, W_OK) }) == 0
        {
            path = state.appending(Self.name)
            directory = nil
        } else {
            let directory = try PrivateDirectory()
            path = directory.path.appending(Self.name)
            self.directory = directory
        }
    }

    private static let name = "changed"

    /// Whether there is nothing, or a file: no link that leads elsewhere, nor what cannot be written.
    private static func isUsable(_ path: FilePath) -> Bool {
        var status = stat()
        guard path.withPlatformString({ lstat($0, &status) }) == 0 else { return true }
        return status.st_mode & S_IFMT == S_IFREG
    }

    /// Forgets the names, since all hooks have seen them.
    func clear() { _ = path.withPlatformString { unlink($0) } }
}
