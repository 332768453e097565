// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem
import Logging
import MetadataTree
import SystemPackage

/// Directories of JSON files, each file a document of its own, that only we and our group can write.
///
/// In place of a file that cannot be used stands what was committed of it last.
struct LocalProvider: MetadataProvider {
    let name = "local"
    let directories: [String]
    let logger: Logger
    /// What the command last succeeded with.
    let lastGood: @Sendable (ByteString) -> MetadataValue?

    var watchedPaths: [FilePath] { directories.map { FilePath($0) } }

    func collect() async throws -> [Output] {
        var found: [(file: ByteString, output: Output)] = []
        for directory in directories {
            guard let status = FileContents.status(FilePath(directory)) else {
                logger.warning("\(directory) not found. Skipping")
                continue
            }
            try checkTrust(status, directory)
            for file in try files(in: directory) {
                let document = ByteString(file.name)
                guard isFile(file.path), let value = read(file.path) ?? lastGood(document) else { continue }
                if let reason = OutputName.objection(to: document) {
                    logger.warning("The file name \(file.path) is refused: \(reason), ignoring")
                    continue
                }
                found.append((document, Output(name: document, value: value, source: name)))
            }
        }
        if found.isEmpty { logger.info("No local metadata found (\(directories.joined(separator: ", ")))") }
        // Sorted by bytes; of the same name in two directories, the later directory stays the later.
        let sorted = found.enumerated().sorted { left, right in
            left.element.file == right.element.file
                ? left.offset < right.offset
                : left.element.file.bytes.lexicographicallyPrecedes(right.element.file.bytes)
        }
        return sorted.map(\.element.output)
    }

    private func checkTrust(_ status: FileContents.Status, _ directory: String) throws {
        var isTrusted = true
        if status.owner != getuid() {
            logger.error("\(directory) is owned by another user. This is a security risk.")
            isTrusted = false
        }
        if status.mode & S_IWOTH != 0 {
            logger.error("\(directory) is world writable. This is a security risk.")
            isTrusted = false
        }
        guard isTrusted else { throw ProviderError.unavailable("\(directory) is not trusted") }
    }

    private func files(in directory: String) throws -> [(name: String, path: String)] {
        do {
            return try DirectoryListing.entries(of: FilePath(directory))
                .map(\.name.string).filter { !$0.hasPrefix(".") }
                .map { ($0, "\(directory)/\($0)") }
        } catch {
            throw ProviderError.unavailable("\(error)")
        }
    }

    private func isFile(_ path: String) -> Bool {
        if FileContents.status(FilePath(path))?.isRegular == true { return true }
        if !FileContents.isDirectory(FilePath(path)) { logger.warning("\(path) is not a file, ignoring") }
        return false
    }

    /// Nil for what cannot be trusted or read.
    private func read(_ path: String) -> MetadataValue? {
        do {
            let (bytes, status) = try FileContents.readWithStatus(FilePath(path))
            guard status.mode & S_IWOTH == 0 else {
                logger.error("\(path) is world writable. This is a security risk.")
                return nil
            }
            guard status.owner == getuid() || status.owner == 0 else {
                logger.error("\(path) is owned by another user. This is a security risk.")
                return nil
            }
            return try JSONParser.parse(bytes, name: path)
        } catch let error as JSONError {
            logger.error("\(path) is not valid JSON (\(error))")
        } catch {
            logger.error("\(error)")
        }
        return nil
    }
}
