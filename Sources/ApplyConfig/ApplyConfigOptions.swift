// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser

/// The command line of os-apply-config.
struct ApplyConfigOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Root of the template tree.", valueName: "template-root"))
    var templates: String?

    @Option(name: [.short, .long], help: ArgumentHelp("Root directory for output.", valueName: "out-dir"))
    var output = "/"

    @Option(
        name: [.short, .long], parsing: .singleValue,
        help: ArgumentHelp(
            "Metadata files, as many words as follow; they override OS_CONFIG_FILES. Given again, the last one counts.",
            valueName: "metadata-file ..."))
    var metadata: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Files that are merged first, below all others; with no file, none are.",
            valueName: "metadata-file ..."))
    var fallbackMetadata: [String] = []

    @Flag(help: .hidden)
    var noFallbackMetadata = false

    @Flag(name: [.customShort("v"), .long], help: "Render everything, write nothing.")
    var validate = false

    @Flag(help: "Print the root of the template tree and exit.")
    var printTemplates = false

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Use the object at this dotted key instead of all metadata.", valueName: "key"))
    var subhash: String?

    @Option(help: "Print the value of this dotted key and exit.")
    var key: String?

    @Option(
        help: ArgumentHelp(
            "Fail if the value of --key is not of this type: int, default, netaddress, netdevice, dsn, swiftdevices, username or raw."
        ))
    var type = "default"

    @Option(
        help: ArgumentHelp(
            "What --key prints when the key is missing; its type is not checked.", valueName: "value"))
    var keyDefault: String?

    @Option(
        help: ArgumentHelp(
            "Exit 0 if the value of this key is true, 1 if false, 255 otherwise.", valueName: "key"))
    var booleanKey: String?

    @Option(
        help: ArgumentHelp("Path of os_config_files.json, the list of metadata files.", valueName: "path"))
    var osConfigFiles: String?

    @Option(
        help: ArgumentHelp(
            "Append log lines to this file too; none for no file. Default: /var/log/os-apply-config.log when run by root.",
            valueName: "path|none"))
    var logFile: String?

    @Flag(help: "Print the version and exit.")
    var version = false

    /// The fallback files that count.
    var fallbackPaths: [String] {
        if noFallbackMetadata { return [] }
        return fallbackMetadata.isEmpty ? MetadataFiles.defaultFallback : fallbackMetadata
    }

    /// What the originals' rules of reading have to know of the options.
    static let originalRules: [OriginalArguments.Option] = [
        .init("--templates", "-t", arity: .one),
        .init("--output", "-o", arity: .one),
        .init("--metadata", "-m", arity: .many),
        .init("--fallback-metadata", arity: .many),
        .init("--validate", "-v", arity: .none),
        .init("--print-templates", arity: .none),
        .init("--subhash", "-s", arity: .one),
        .init("--key", arity: .one),
        .init("--type", arity: .one),
        .init("--key-default", arity: .one),
        .init("--boolean-key", arity: .one),
        .init("--os-config-files", arity: .one),
        .init("--help", "-h", arity: .immediate),
        .init("--version", arity: .immediate),
        .init("--log-file", arity: .one, isOriginal: false),
    ]

    /// The words that ArgumentParser reads as the originals read `arguments`.
    static func canonicalWords(_ arguments: OriginalArguments) -> [String] {
        let isWithoutFallback = arguments.last("--fallback-metadata")?.isEmpty == true
        return arguments.canonicalWords(originalRules) + (isWithoutFallback ? ["--no-fallback-metadata"] : [])
    }
}
