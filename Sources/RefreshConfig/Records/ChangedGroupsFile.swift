// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Glibc
import HostSystem
import SystemPackage

/// The private file of a run by which its hooks tell each other which groups of files changed: os-apply-config adds names, and
/// answers from it.
///
/// It lies in the state directory, `changed-NUMBER`, and is removed when a whole run has succeeded. What another run left there,
/// since a hook failed or the run was killed, the next one takes over: what a hook would have done about a change is not
/// forgotten. Where there is no such directory nothing is left.
struct ChangedGroupsFile: Sendable {
    let path: FilePath
    /// Tells other runs that the file is in use.
    private let file: HeldFile
    private let directory: PrivateDirectory?

    private static let prefix = "changed-"

    /// - Parameter state: the state directory; made if need be.
    /// - Throws: `HostError` when there is no place for the file at all.
    init(state: FilePath) throws(HostError) {
        if let file = try? Self.make(in: state) {
            (self.file, directory) = (file, nil)
        } else {
            let directory = try PrivateDirectory()
            (file, self.directory) = (try Self.makeFile(in: directory.path), directory)
        }
        path = file.path
    }

    private static func make(in state: FilePath) throws(HostError) -> HeldFile {
        _ = try RootedDirectory(state, creating: .byUmask)
        let file = try makeFile(in: state)
        for left in try leftOver(in: state) {
            // Twice told is better than not told: it goes when its names are here.
            try file.append(FileContents.read(left))
            _ = left.withPlatformString { unlink($0) }
        }
        return file
    }

    private static func makeFile(in directory: FilePath) throws(HostError) -> HeldFile {
        var number = 1
        while true {
            if let file = try HeldFile.make(directory.appending(prefix + String(number))) { return file }
            number += 1
        }
    }

    /// The files of runs that have ended.
    private static func leftOver(in state: FilePath) throws(HostError) -> [FilePath] {
        try DirectoryListing.entries(of: state)
            .filter { $0.kind == .regular && $0.name.string.hasPrefix(prefix) }
            .map { state.appending($0.name) }.filter { !HeldFile.isHeld($0) }
    }

    /// Forgets the names when all hooks have seen them.
    func finish(isWhole: Bool) {
        let isEmpty = FileContents.status(path)?.size == 0
        if isWhole || isEmpty { _ = path.withPlatformString { unlink($0) } }
    }
}
