// SPDX-License-Identifier: Apache-2.0

extension OptionTable {
    static func option(
        _ name: String, _ kind: OptionDefinition.Kind = .string, _ standard: String...,
        in group: String? = nil,
        short: String? = nil, takes placeholder: OptionDefinition.Placeholder = .value, help: String,
        isNew: Bool = false
    ) -> OptionDefinition {
        OptionDefinition(
            group: group, name: name, short: short, kind: kind, standard: standard, placeholder: placeholder,
            help: help, isOriginal: !isNew)
    }

    static let general = [
        option(
            "command", short: "-c", takes: .command,
            help: "Run this line of shell when the metadata has changed, and go on asking."),
        option(
            "command-timeout", .number, "0", takes: .seconds,
            help: "End the command, and all that it started, after so long; 0 for no limit.", isNew: true),
        option(
            "cachedir", .string, "/var/lib/os-collect-config", takes: .directory,
            help: "Keep the collected metadata here."),
        option(
            "backup-cachedir", .string, "/var/run/os-collect-config", takes: .directory,
            help: "Copy the cache here when it has changed; empty for no copy."),
        option(
            "deployment-key", .list, "deployments", takes: .key,
            help: "Make a document of its own of each deployment under this key of the metadata."),
        option(
            "drop-unavailable", .boolean, "false",
            help: "Leave out a source that is down, instead of using its last committed copy.", isNew: true),
        option(
            "min-polling-interval", .number, "1", takes: .seconds,
            help: "Wait so long after the start and after a change; each pause without one is twice as long."),
        option(
            "polling-interval", .number, "30", short: "-i", takes: .seconds,
            help: "Wait no longer than this between two rounds."),
        option(
            "splay", .number, "0", takes: .seconds,
            help: "Wait a random time of up to this long before the first round."),
        option(
            "one-time", .boolean, "false",
            help: "Ask once, run the command if need be, and exit with its status."),
        option(
            "force", .boolean, "false",
            help: "Run the command even if nothing has changed; implies --one-time."),
        option("print", .boolean, "false", help: "Print what is collected as JSON and exit."),
        option("print-cachedir", .boolean, "false", help: "Print the cache directory and exit."),
        option(
            "status-file", .string, "/run/os-collect-config-status.json", takes: .file,
            help: "Keep what \"os-collect-config status\" tells here; empty for nowhere.", isNew: true),
        option(
            "metrics-textfile", takes: .file,
            help: "Write counters for the textfile collector of Prometheus's node exporter to this file.",
            isNew: true),
        option(
            "shell_completion", .choice(["bash", "zsh"]), takes: .name,
            help: "Print the completions of a shell and exit."),
    ]

    static let transport = [
        option(
            "cacert", takes: .file,
            help: "Trust the certificates in this file instead of the system's, for all sources.", isNew: true
        ),
        option(
            "answer-limit", .number, "16777216", takes: .bytes,
            help: "Refuse an answer whose body, decompressed, is larger.", isNew: true),
    ]

    static let logging = [
        option("debug", .boolean, "false", short: "-d", help: "Log what is done, not only what is wrong."),
        option("log-file", takes: .file, help: "Append the log to this file too."),
        option("log-dir", takes: .directory, help: "The directory of the log file."),
        option("use-json", .boolean, "false", help: "Log JSON objects, one a line."),
        option("log-config-append", takes: .file, help: "Accepted for compatibility; does nothing."),
        option("log-date-format", takes: .format, help: "Accepted for compatibility; does nothing."),
        option("syslog-log-facility", takes: .facility, help: "Accepted for compatibility; does nothing."),
        option("use-journal", .boolean, "false", help: "Accepted for compatibility; does nothing."),
        option("use-syslog", .boolean, "false", help: "Accepted for compatibility; does nothing."),
    ]
}
