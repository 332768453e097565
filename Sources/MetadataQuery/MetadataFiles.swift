// SPDX-License-Identifier: Apache-2.0

import HostSystem
package import Logging
package import MetadataTree
import SystemPackage

/// Finds the metadata files, reads them and merges them.
package struct MetadataFiles {
    /// The list that os-collect-config writes, and where it was before.
    package static let defaultList = "/var/lib/os-collect-config/os_config_files.json"
    package static let formerList = "/var/run/os-collect-config/os_config_files.json"

    package static let defaultFallback = [
        "/var/cache/heat-cfntools/last_metadata",
        "/var/lib/heat-cfntools/cfn-init-data",
        "/var/lib/cloud/data/cfn-init-data",
    ]

    /// The files asked for, in order; without those of `fallback`.
    package let listed: [String]
    /// The files that are always merged first.
    package let fallback: [String]

    /// The files of `-m`; else those of `OS_CONFIG_FILES`, even an empty one; else those of the list file.
    ///
    /// - Throws: `MetadataQueryError` when the list file is not a list.
    package init(_ selection: MetadataSelection, environment: [String: String], logger: Logger) throws {
        fallback = selection.fallback
        guard selection.metadata.isEmpty else {
            listed = selection.metadata
            return
        }
        if let paths = environment["OS_CONFIG_FILES"] {
            listed = paths.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            return
        }
        let standard = environment["OS_CONFIG_FILES_PATH"] ?? Self.defaultList
        let list = selection.list ?? standard
        let paths = try Self.readList(list)
        guard paths.isEmpty, list == standard else {
            listed = paths
            return
        }
        logger.warning("DEPRECATED: falling back to \(Self.formerList)")
        listed = try Self.readList(Self.formerList)
    }

    /// The paths in a JSON list; none when there is no such file. Null counts as "", which is skipped later.
    private static func readList(_ path: String) throws -> [String] {
        guard try FileContents.existing(FilePath(path)) != nil else { return [] }
        let value = try JSONParser.parse(try FileContents.read(FilePath(path)), name: path)
        guard let elements = value.array else {
            throw MetadataQueryError("No list defined in json file: \(path)")
        }
        return try elements.map { element in
            if !element.isTruthy { return "" }
            guard let string = element.string else {
                throw MetadataQueryError(
                    "\(element.provenance.location ?? path): a list of files holds strings only")
            }
            return string.text
        }
    }

    /// A file that was read.
    package struct Document {
        package let path: String
        package let object: MetadataObject
    }

    /// The documents in the order in which they are merged. What does not exist is skipped, as is a document that is not an object.
    ///
    /// - Parameter problem: told of what was asked for by name and skipped, and, where it is given, of files that cannot be read
    ///   or are not JSON; then those are skipped too.
    /// - Throws: `MetadataQueryError` for a file that cannot be read or is not JSON.
    package func documents(_ problem: ((String) -> Void)? = nil) throws -> [Document] {
        var documents: [Document] = []
        for (place, path) in (fallback + listed).enumerated() where !path.isEmpty {
            let isAskedFor = place >= fallback.count
            guard try FileContents.existing(FilePath(path)) != nil else {
                if isAskedFor { problem?("the metadata file \(path) does not exist") }
                continue
            }
            do {
                let value = try Self.read(path)
                if let object = value.object {
                    documents.append(Document(path: path, object: object))
                } else {
                    problem?("the metadata file \(path) does not hold an object")
                }
            } catch let error as MetadataQueryError {
                guard let problem else { throw error }
                problem(error.description)
            }
        }
        return documents
    }

    /// All files merged, in order.
    ///
    /// - Throws: `MetadataQueryError` for a file that cannot be read or is not JSON.
    package func merged() throws -> MetadataValue { Self.merged(try documents()) }

    package static func merged(_ documents: [Document]) -> MetadataValue {
        var result = MetadataObject()
        for document in documents {
            if result.isEmpty { result = document.object } else { result.merge(document.object) }
        }
        return MetadataValue(.object(result))
    }

    private static func read(_ path: String) throws -> MetadataValue {
        let bytes: [UInt8]
        do {
            bytes = try FileContents.read(FilePath(path))
        } catch {
            throw MetadataQueryError("Could not open \(path) for reading. \(error.errno)")
        }
        do {
            return try JSONParser.parse(bytes, name: path)
        } catch {
            throw MetadataQueryError("Could not parse metadata file: \(error)")
        }
    }
}
