// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem
import Logging
import MetadataTree
import RequestSigning
import SystemPackage

/// A token in a file, 0600, so that a new process need not log in.
struct KeystoneTokenFile: Sendable {
    private static let prefix = "token-"

    private let directory: FilePath
    private let name: FilePath
    private let logger: Logger

    /// - Parameter directory: made, 0700, if need be.
    init(directory: FilePath, _ credentials: KeystoneSession.Credentials, logger: Logger) throws {
        // Whoever has other credentials has another file; the password is in its name without being told.
        let identity = [credentials.authURL, credentials.userID, credentials.projectID].joined(
            separator: "\n")
        let digest = try MessageDigest.hmacSHA256(Array(identity.utf8), key: Array(credentials.password.utf8))
        let text = digest.prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        self.directory = directory
        name = FilePath("\(Self.prefix)\(text).json")
        self.logger = logger
    }

    /// Nil when there is none that can be trusted.
    func read() -> KeystoneToken? {
        let path = directory.appending(name.components)
        guard let (bytes, status) = try? FileContents.readWithStatus(path), status.isRegular,
            status.owner == geteuid(), status.mode & 0o077 == 0
        else { return nil }
        return (try? JSONParser.parse(bytes, name: path.string)).flatMap(KeystoneToken.init)
    }

    func write(_ token: KeystoneToken) {
        do {
            if FileContents.status(directory) == nil {
                let above = directory.removingLastComponent()
                _ = try RootedDirectory(above.isEmpty ? "." : above, creating: .byUmask)
                guard directory.withPlatformString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else {
                    throw HostError.last("make the directory", directory)
                }
            }
            let staged = StagedWrite(in: try RootedDirectory(directory), isDurable: false)
            try staged.stage(name, JSONWriter.bytes(of: token.stored), FileAttributes(mode: 0o600))
            try staged.commit()
        } catch {
            logger.warning("\(error), ignoring: the token is kept in memory only")
        }
    }

    func remove() { try? FileContents.remove(directory.appending(name.components)) }

    /// Removes all tokens from a directory, and leaves whatever else is there.
    ///
    /// - Throws: `HostError`.
    static func removeAll(in directory: FilePath) throws {
        guard FileContents.isDirectory(directory) else { return }
        for entry in try DirectoryListing.entries(of: directory) where entry.name.string.hasPrefix(prefix) {
            try FileContents.remove(directory.appending(entry.name))
        }
    }
}
