// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HostSystem
import SystemPackage

/// Which configuration files count: those that are named, or the first that is at a standard place.
struct ConfigurationFiles {
    private static let name = "os-collect-config.conf"

    /// Files that nobody named, in order.
    let standard: [FilePath]

    init(arguments: OriginalArguments, environment: [String: String]) {
        let places = Self.standardPlaces(environment)
        var files: [FilePath] = []
        if !Self.isNamed("--config-file", arguments),
            let first = places.first(where: { FileContents.status($0) != nil })
        {
            files.append(first)
        }
        let directories = places.map { FilePath($0.string + ".d") }
        if !Self.isNamed("--config-dir", arguments),
            let first = directories.first(where: FileContents.isDirectory)
        {
            files += (try? Self.files(in: first)) ?? []
        }
        standard = files
    }

    /// All files that count for a command line, those that it names and those that nobody named; what cannot be listed is left
    /// out.
    static func all(_ arguments: OriginalArguments, _ environment: [String: String]) -> [FilePath] {
        let files = ConfigurationFiles(arguments: arguments, environment: environment)
        var paths = files.standard
        for occurrence in arguments.occurrences { _ = try? files.read(occurrence) { paths.append($0) } }
        return paths
    }

    /// Where the files are that count for a command line, or would be found.
    static func places(_ arguments: OriginalArguments, _ environment: [String: String]) -> [FilePath] {
        var places: [FilePath] = []
        for occurrence in arguments.occurrences
        where ["--config-file", "--config-dir"].contains(occurrence.name) {
            places.append(FilePath(occurrence.values.first ?? ""))
        }
        let standard = standardPlaces(environment)
        if !isNamed("--config-file", arguments) { places += standard }
        if !isNamed("--config-dir", arguments) { places += standard.map { FilePath($0.string + ".d") } }
        return places
    }

    private static func standardPlaces(_ environment: [String: String]) -> [FilePath] {
        [environment["HOME"] ?? "/", "/etc"].map { FilePath($0).appending(name) }
    }

    /// Whether the option stands on the command line in full: as in the original, an abbreviation does not count here.
    private static func isNamed(_ option: String, _ arguments: OriginalArguments) -> Bool {
        arguments.words.contains { $0 == option || $0.hasPrefix(option + "=") }
    }

    /// Reads what `occurrence` names, if it is an option that names files.
    func read(_ occurrence: OriginalArguments.Occurrence, read: (FilePath) throws -> Void) throws -> Bool {
        let path = FilePath(occurrence.values.first ?? "")
        switch occurrence.name {
        case "--config-file":
            try read(path)
        case "--config-dir":
            for file in try Self.files(in: path) { try read(file) }
        default: return false
        }
        return true
    }

    /// The `*.conf` files of a directory, by name.
    private static func files(in directory: FilePath) throws -> [FilePath] {
        try DirectoryListing.entries(of: directory)
            .map(\.name).filter { $0.string.hasSuffix(".conf") && !$0.string.hasPrefix(".") }
            .map { directory.appending($0) }
    }
}
