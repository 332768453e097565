// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem
import MetadataStore
import MetadataStoreSQLite
import SystemPackage

/// The directory that holds the store of one server: its database, its lock, and the token of its administrator.
struct StoreDirectory {
    let path: FilePath
    private let lock: FileLock

    /// Takes the directory for this process, and makes it where it is not there.
    ///
    /// - Throws: `ServerError` when another server has it, or it cannot be had.
    init(_ path: FilePath) async throws {
        self.path = path
        if mkdir(path.string, 0o700) != 0, errno != EEXIST {
            throw ServerError("cannot make the directory \(path): \(Errno(rawValue: errno))")
        }
        guard let lock = try await FileLock.take(path.appending("lock"), patience: .seconds(2)) else {
            throw ServerError("another server has the store \(path)")
        }
        self.lock = lock
    }

    /// - Parameter key: of the file with the keys that seal the records; nil: they are not sealed.
    /// - Throws: `StoreError`, `ServerError`, `HostError`.
    func store(key: FilePath?, historyLimit: Int) throws -> SQLiteMetadataStore {
        try SQLiteMetadataStore(
            path: path.appending("store.db").string, seal: try key.map { try SealedRecords(file: $0) },
            historyLimit: historyLimit)
    }

    /// The file with the administrator's token, made where it is not there.
    ///
    /// - Throws: `HostError`.
    func adminTokens() throws -> FilePath {
        let file = path.appending("admin-token")
        if try FileContents.existing(file) == nil {
            try FileContents.create(file, Array("\(RandomSecret.make())\n".utf8))
        }
        return file
    }
}
