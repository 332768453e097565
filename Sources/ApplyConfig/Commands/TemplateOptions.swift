// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem
import MetadataQuery
import SystemPackage

/// The options that all that renders templates has: where templates, metadata and output are.
struct TemplateOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Root of the template tree.", valueName: "template-root"), completion: .directory)
    var templates: String?

    @Option(
        name: [.short, .long], help: ArgumentHelp("Root directory for output.", valueName: "out-dir"),
        completion: .directory)
    var output = "/"

    @Option(
        name: [.short, .long], parsing: .singleValue,
        help: ArgumentHelp(
            "Metadata files, as many words as follow; they override OS_CONFIG_FILES. Given again, the last one counts.",
            valueName: "metadata-file ..."),
        completion: .file())
    var metadata: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Files that are merged first, below all others; with no file, none are.",
            valueName: "metadata-file ..."),
        completion: .file())
    var fallbackMetadata: [String] = []

    @Flag(help: .hidden)
    var noFallbackMetadata = false

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Use the object at this dotted key instead of all metadata.", valueName: "key"))
    var subhash: String?

    @Option(
        help: ArgumentHelp("Path of os_config_files.json, the list of metadata files.", valueName: "path"),
        completion: .file(extensions: ["json"]))
    var osConfigFiles: String?

    @Flag(
        help:
            "Take missing keys, partials, metadata files and a missing template directory for errors, and list them all."
    )
    var strict = false

    @Option(
        help: ArgumentHelp(
            "Leave out templates whose name, or path below the root, matches; may be repeated.",
            valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        help: ArgumentHelp(
            "Time limit of an executable template; 0 for none.", valueName: "seconds"))
    var templateTimeout = Seconds(60)

    @Option(
        help: ArgumentHelp(
            "One more pattern of keys whose values are secret; may be repeated.", valueName: "pattern"))
    var secret: [String] = []

    @Option(
        help: ArgumentHelp(
            "File of settings. Default: /etc/os-apply-config.conf, which need not exist.", valueName: "path"),
        completion: .file(extensions: ["conf"]))
    var configFile: String?

    @Option(help: ArgumentHelp("Layout of log lines: text or json.", valueName: "text|json"))
    var logFormat = LogFormat.text

    var files: MetadataSelection {
        let fallback = fallbackMetadata.isEmpty ? MetadataFiles.defaultFallback : fallbackMetadata
        return MetadataSelection(
            metadata: metadata, fallback: noFallbackMetadata ? [] : fallback, list: osConfigFiles)
    }

    /// The words that ArgumentParser reads as the original reads `arguments`.
    static func canonicalWords(_ arguments: OriginalArguments, _ rules: [OriginalArguments.Option])
        -> [String]
    {
        let isWithoutFallback = arguments.last("--fallback-metadata")?.isEmpty == true
        return arguments.canonicalWords(rules) + (isWithoutFallback ? ["--no-fallback-metadata"] : [])
    }

    func tree(_ root: FilePath) -> TemplateTree {
        TemplateTree(root: root, excluded: exclude.map { GlobPattern($0) })
    }

    static let rules: [OriginalArguments.Option] = [
        .init("--templates", "-t", arity: .one),
        .init("--output", "-o", arity: .one),
        .init("--metadata", "-m", arity: .many),
        .init("--fallback-metadata", arity: .many),
        .init("--subhash", "-s", arity: .one),
        .init("--os-config-files", arity: .one),
        .init("--strict", arity: .none, isOriginal: false),
        .init("--exclude", arity: .each, isOriginal: false),
        .init("--template-timeout", arity: .one, isOriginal: false),
        .init("--secret", arity: .each, isOriginal: false),
        .init("--config-file", arity: .one, isOriginal: false),
        .init("--log-format", arity: .one, isOriginal: false),
    ]
}

enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
