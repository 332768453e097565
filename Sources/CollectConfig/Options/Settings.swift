// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HTTPTransport
import HostSystem
import SystemPackage

/// A configuration that cannot be used, in one line.
struct SettingsError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The values of all options: of the command line, the environment, the configuration files and the defaults, in that order
/// of precedence.
///
/// On the command line a configuration file counts where it is named: of a file and an option, the later one wins.
struct Settings: Sendable {
    struct Key: Hashable {
        let group: String?
        let key: String
    }

    private enum Origin: Int, Comparable {
        case file, environment, commandLine

        static func < (left: Origin, right: Origin) -> Bool { left.rawValue < right.rawValue }
    }

    private(set) var values: [Key: [String]] = [:]

    /// - Throws: `SettingsError`, `INIFile.ParseError`, `HostError`.
    init(_ arguments: OriginalArguments, environment: [String: String]) throws {
        var raw: [Key: [(value: String, origin: Origin)]] = [:]

        func read(_ path: FilePath, _ origin: Origin) throws {
            for entry in try Self.entries(of: path) {
                guard let definition = Self.definition(for: entry) else { continue }
                let key = Key(group: definition.group, key: definition.key)
                raw[key, default: []].append((entry.value, origin))
            }
        }

        let configurationFiles = ConfigurationFiles(arguments: arguments, environment: environment)
        for path in configurationFiles.standard { try read(path, .file) }
        for occurrence in arguments.occurrences {
            if occurrence.name == OriginalArguments.positionalName {
                // They replace what was named before them.
                raw[Key(group: nil, key: "collectors")] = occurrence.values.map { ($0, .commandLine) }
                continue
            }
            if try configurationFiles.read(occurrence, read: { try read($0, .file) }) { continue }
            guard let (definition, value) = Self.assignment(occurrence) else { continue }
            let key = Key(group: definition.group, key: definition.key)
            raw[key, default: []].append((value, .commandLine))
        }
        for definition in [OptionTable.collectors] + OptionTable.all {
            let key = Key(group: definition.group, key: definition.key)
            values[key] = Self.effective(raw[key] ?? [], environment[definition.variable], definition)
        }
        for definition in OptionTable.all { try check(definition) }
    }

    private static func entries(of path: FilePath) throws -> [INIFile.Entry] {
        let bytes = try FileContents.read(path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SettingsError("Failed to parse \(path): it is not UTF-8")
        }
        return try INIFile(text, name: path.string).entries
    }

    /// Groups are found in any case, `DEFAULT` only as it is; keys only as they are.
    private static func definition(for entry: INIFile.Entry) -> OptionDefinition? {
        let group = entry.section == "DEFAULT" ? nil : entry.section.lowercased()
        return OptionTable.definition(group, entry.key)
    }

    private static func assignment(_ occurrence: OriginalArguments.Occurrence) -> (OptionDefinition, String)?
    {
        for definition in OptionTable.all {
            if definition.spelling == occurrence.name {
                return (definition, occurrence.values.first ?? "true")
            }
            if definition.kind == .boolean, definition.negatedSpelling == occurrence.name {
                return (definition, "false")
            }
        }
        return nil
    }

    /// The values that count of those given in textual order.
    private static func effective(
        _ given: [(value: String, origin: Origin)], _ variable: String?, _ definition: OptionDefinition
    ) -> [String] {
        let hasCommandLine = given.contains { $0.origin == .commandLine }
        if let variable, !hasCommandLine { return [variable] }
        guard !given.isEmpty else { return definition.standard }
        return definition.kind == .list ? given.map(\.value) : [given[given.count - 1].value]
    }

    // MARK: Values

    /// All values of an option, with references to other options replaced.
    func list(_ group: String?, _ key: String) throws -> [String] {
        try (values[Key(group: group, key: key)] ?? []).map { try substituted($0, depth: 0) }
    }

    func string(_ group: String?, _ key: String) throws -> String? { try list(group, key).last }

    /// Seconds.
    func number(_ group: String?, _ key: String) throws -> Double {
        // Beyond some thirty years there is nothing to tell apart, and below zero nothing to wait for.
        min(max(try string(group, key).flatMap(Self.number) ?? 0, 0), 1e9)
    }

    func flag(_ key: String, in group: String? = nil) throws -> Bool {
        try string(group, key).flatMap(Self.boolean) ?? false
    }

    func duration(_ group: String?, _ key: String) throws -> Duration { .seconds(try number(group, key)) }

    /// The sources to ask, in order.
    ///
    /// - Throws: `SettingsError` for a name that is none.
    func collectors() throws -> [String] {
        let names = try list(nil, "collectors")
        let unknown = names.filter { !OptionTable.sources.contains($0) }
        guard unknown.isEmpty else {
            let known = OptionTable.sources.map { "'\($0)'" }.joined(separator: ", ")
            let shown = unknown.map { "'\($0)'" }.joined(separator: ", ")
            throw SettingsError("Unknown collectors [\(shown)]. Valid collectors are: [\(known)]")
        }
        return names
    }

    static func number(_ text: String) -> Double? {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        return Double(String(trimmed)).flatMap { $0.isFinite ? $0 : nil }
    }

    private static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1", "on", "yes": true
        case "false", "0", "off", "no": false
        default: nil
        }
    }

    private func check(_ definition: OptionDefinition) throws {
        guard let value = try string(definition.group, definition.key) else { return }
        let isValid =
            switch definition.kind {
            case .string, .list: true
            case .number: Self.number(value) != nil
            case .boolean: Self.boolean(value) != nil
            case .url: Self.isURL(value)
            case .choice(let choices): choices.contains(value)
            }
        guard !isValid else { return }
        // It may carry a password or a signature.
        let shown = definition.kind == .url ? HTTPRequest.publicURL(of: value) : value
        throw SettingsError("argument --\(definition.key): Invalid \(definition.kind.title) value: \(shown)")
    }

    private static func isURL(_ text: String) -> Bool {
        guard let separator = text.firstRange(of: "://"), separator.lowerBound > text.startIndex else {
            return false
        }
        let authority = text[separator.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return !authority.isEmpty
    }
}

extension OptionDefinition.Kind {
    fileprivate var title: String {
        switch self {
        case .string, .list: "String"
        case .number: "Float"
        case .boolean: "Boolean"
        case .url: "URI"
        case .choice(let choices): "String(choices=[\(choices.map { "'\($0)'" }.joined(separator: ", "))])"
        }
    }
}
