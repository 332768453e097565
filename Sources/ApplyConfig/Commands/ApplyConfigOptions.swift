// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser

/// The command line of os-apply-config without a subcommand.
struct ApplyConfigOptions: ParsableArguments {
    @OptionGroup var common: TemplateOptions

    @Flag(name: [.customShort("v"), .long], help: "Render everything, write nothing.")
    var validate = false

    @Flag(help: "Print the root of the template tree and exit.")
    var printTemplates = false

    @Option(help: "Print the value of this dotted key and exit.")
    var key: String?

    @Option(
        help: ArgumentHelp(
            "Fail if the value of --key is not of this type: int, default, netaddress, netdevice, dsn, swiftdevices, username or raw."
        ))
    var type = "default"

    @Flag(help: "Be stricter about --type: no empty address, no odd character.")
    var typeStrict = false

    @Option(
        help: ArgumentHelp(
            "What --key prints when the key is missing; its type is not checked.", valueName: "value"))
    var keyDefault: String?

    @Option(
        help: ArgumentHelp(
            "Exit 0 if the value of this key is true, 1 if false, 255 otherwise.", valueName: "key"))
    var booleanKey: String?

    @Flag(help: "Do not wait until the disk has what was written: for images that are being built.")
    var noSync = false

    @Option(
        help: ArgumentHelp("Time limit of a check command; 0 for none.", valueName: "seconds"))
    var checkTimeout = Seconds(60)

    @Option(
        help: ArgumentHelp(
            "Add the names of changed groups to this file. Default: that of OS_APPLY_CONFIG_CHANGED.",
            valueName: "path"),
        completion: .file())
    var changedFile: String?

    @Option(
        help: ArgumentHelp(
            "Append log lines to this file too; none for no file. Default: /var/log/os-apply-config.log when run by root.",
            valueName: "path|none"),
        completion: .file())
    var logFile: String?

    @Flag(help: "Print the version and exit.")
    var version = false

    /// What the originals' rules of reading have to know of the options.
    static let rules: [OriginalArguments.Option] =
        TemplateOptions.rules + [
            .init("--validate", "-v", arity: .none),
            .init("--print-templates", arity: .none),
            .init("--key", arity: .one),
            .init("--type", arity: .one),
            .init("--key-default", arity: .one),
            .init("--boolean-key", arity: .one),
            .init("--help", "-h", arity: .immediate),
            .init("--version", arity: .immediate),
            .init("--log-file", arity: .one, isOriginal: false),
            .init("--type-strict", arity: .none, isOriginal: false),
            .init("--no-sync", arity: .none, isOriginal: false),
            .init("--check-timeout", arity: .one, isOriginal: false),
            .init("--changed-file", arity: .one, isOriginal: false),
            .init("--generate-completion-script", arity: .one, isOriginal: false),
        ]
}
