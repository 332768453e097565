// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// One option of os-collect-config: of the command line, the configuration files and the environment alike.
struct OptionDefinition: Sendable {
    enum Kind: Sendable, Equatable {
        case string
        /// May be given more than once; all count.
        case list
        /// Seconds, or a whole number.
        case number
        case boolean
        /// With scheme and authority.
        case url
        case choice([String])
    }

    /// Nil: `[DEFAULT]`.
    let group: String?
    /// As on the command line, with hyphens where the original had them.
    let name: String
    var short: String?
    let kind: Kind
    let standard: [String]
    let help: String

    /// As in a file: hyphens are underscores.
    var key: String { name.replacing("-", with: "_") }

    var spelling: String { group.map { "--\($0)-\(name)" } ?? "--\(name)" }

    var negatedSpelling: String { group.map { "--\($0)-no\(name)" } ?? "--no\(name)" }

    /// The environment variable that sets it.
    var variable: String { "OS_\((group ?? "DEFAULT").uppercased())__\(key.uppercased())" }
}

/// All options of os-collect-config.
enum OptionTable {
    static let sources = ["heat_local", "ec2", "cfn", "heat", "request", "local", "zaqar"]

    static let collectors = OptionDefinition(
        group: nil, name: "collectors", kind: .list, standard: sources,
        help: "Sources to ask, in order; as words on the command line they replace those of the files.")

    static let all: [OptionDefinition] =
        general + logging + ec2 + cfn + heat + local + request + keystone + zaqar

    static func definition(_ group: String?, _ key: String) -> OptionDefinition? {
        if group == nil, key == "collectors" { return collectors }
        return all.first { $0.group == group && $0.key == key }
    }

    private static func option(
        _ name: String, _ kind: OptionDefinition.Kind = .string, _ standard: String..., group: String? = nil,
        short: String? = nil, help: String
    ) -> OptionDefinition {
        OptionDefinition(group: group, name: name, short: short, kind: kind, standard: standard, help: help)
    }

    private static let general = [
        option(
            "command", short: "-c", help: "Run this command when the metadata has changed, and go on polling."
        ),
        option("cachedir", .string, "/var/lib/os-collect-config", help: "Keep the collected metadata here."),
        option(
            "backup-cachedir", .string, "/var/run/os-collect-config", help: "Copy the cache here as well."),
        option(
            "deployment-key", .list, "deployments",
            help: "Explode the deployments under this key of the metadata."),
        option(
            "min-polling-interval", .number, "1", help: "Seconds to wait after a change; doubled each time."),
        option(
            "polling-interval", .number, "30", short: "-i", help: "Seconds to wait between polls at the most."
        ),
        option("splay", .number, "0", help: "Wait a random time of up to this many seconds at the start."),
        option(
            "one-time", .boolean, "false",
            help: "Poll once, run the command if need be, and exit with its status."),
        option(
            "force", .boolean, "false",
            help: "Run the command even if nothing has changed; implies --one-time."),
        option("print", .boolean, "false", help: "Print what is collected as JSON and exit."),
        option("print-cachedir", .boolean, "false", help: "Print the cache directory and exit."),
        option(
            "shell_completion", .choice(["bash", "zsh"]), help: "Accepted for compatibility; does nothing."),
    ]

    private static let logging = [
        option("debug", .boolean, "false", short: "-d", help: "Log what is done, not only what is wrong."),
        option("log-file", help: "Append the log to this file too."),
        option("log-dir", help: "Accepted for compatibility; does nothing."),
        option("log-config-append", help: "Accepted for compatibility; does nothing."),
        option("log-date-format", help: "Accepted for compatibility; does nothing."),
        option("syslog-log-facility", help: "Accepted for compatibility; does nothing."),
        option("use-journal", .boolean, "false", help: "Accepted for compatibility; does nothing."),
        option("use-json", .boolean, "false", help: "Accepted for compatibility; does nothing."),
        option("use-syslog", .boolean, "false", help: "Accepted for compatibility; does nothing."),
    ]

    private static let ec2 = [
        option(
            "metadata-url", .url, "http://169.254.169.254/latest/meta-data", group: "ec2",
            help: "URL of the EC2 metadata service."),
        option("timeout", .number, "10", group: "ec2", help: "Seconds to wait for the service."),
    ]

    private static let cfn = [
        option("metadata-url", .url, group: "cfn", help: "URL of the CloudFormation API."),
        option(
            "heat-metadata-hint", .string, "/var/lib/heat-cfntools/cfn-metadata-server", group: "cfn",
            help: "File to read the URL from when it is not given."),
        option(
            "ca_certificate", group: "cfn", help: "File of certificates to trust instead of the system's."),
        option("stack-name", group: "cfn", help: "Stack to describe."),
        option("path", .list, group: "cfn", help: "Metadata to read: RESOURCE.FIELD, and keys below it."),
        option("secret-access-key", group: "cfn", help: "Secret key to sign with."),
        option("access-key-id", group: "cfn", help: "Key to sign as."),
        option(
            "deployment-key", .list, "deployments", group: "cfn",
            help: "As --deployment-key, for this source only."),
        option(
            "timeout", .number, "10", group: "cfn", help: "Seconds to wait for the connection and the answer."
        ),
    ]

    private static let heat = [
        option("user-id", group: "heat", help: "User to log in as."),
        option("password", group: "heat", help: "Password of the user."),
        option("project-id", group: "heat", help: "Project to log in to."),
        option("auth-url", .url, group: "heat", help: "URL of the identity service."),
        option("stack-id", group: "heat", help: "Stack of the resource."),
        option("resource-name", group: "heat", help: "Resource whose metadata is read."),
        option("region-name", group: "heat", help: "Region of the orchestration service."),
    ]

    private static let local = [
        option(
            "path", .list, "/var/lib/heat-cfntools/cfn-init-data", group: "heat_local",
            help: "JSON file to read."),
        option(
            "path", .list, "/var/lib/os-collect-config/local-data", group: "local",
            help: "Directory of JSON files, owned by us and not writable by everybody."),
    ]

    private static let request = [
        option("metadata-url", .url, group: "request", help: "URL of a JSON document."),
        option(
            "timeout", .number, "10", group: "request",
            help: "Seconds to wait for the connection and the answer."),
        option("token", group: "request", help: "Bearer token to send."),
        option("ca-file", group: "request", help: "File of certificates to trust instead of the system's."),
    ]

    private static let keystone = [
        option("cache_dir", group: "keystone", help: "Directory to keep tokens in."),
        option("cache_ttl", .number, "1800", group: "keystone", help: "Seconds to keep a token."),
    ]

    private static let zaqar = [
        option("user-id", group: "zaqar", help: "User to log in as."),
        option("password", group: "zaqar", help: "Password of the user."),
        option("project-id", group: "zaqar", help: "Project to log in to."),
        option("auth-url", .url, group: "zaqar", help: "URL of the identity service."),
        option("queue-id", group: "zaqar", help: "Queue to read."),
        option("use-websockets", .boolean, "false", group: "zaqar", help: "Not supported."),
        option("region-name", group: "zaqar", help: "Region of the messaging service."),
        option(
            "ssl-certificate-validation", .boolean, "false", group: "zaqar",
            help: "Check the server's certificate."),
        option("ca-file", group: "zaqar", help: "File of certificates to trust instead of the system's."),
    ]

    /// Other spellings of logging options that the original takes.
    private static let aliases = [
        "--log-config-append": ["--log-config", "--log_config"], "--log-file": ["--logfile"],
        "--log-dir": ["--logdir"],
    ]

    /// Options that the original does not have: never abbreviated.
    private static let additions: Set<String> = ["--request-token", "--request-ca-file"]

    /// The command line's rules.
    static let rules: [OriginalArguments.Option] =
        [
            .init("--config-file", arity: .one), .init("--config-dir", arity: .one),
            .init("--help", "-h", arity: .immediate), .init("--version", arity: .immediate),
        ]
        + all.flatMap { definition -> [OriginalArguments.Option] in
            let spellings = [definition.spelling] + (definition.short.map { [$0] } ?? [])
            let isOriginal = !additions.contains(definition.spelling)
            guard definition.kind == .boolean else {
                let aliases = aliases[definition.spelling] ?? []
                return [.init(spellings + aliases, arity: .one, isOriginal: isOriginal)]
            }
            return [
                .init(spellings, arity: .none, isOriginal: isOriginal),
                .init([definition.negatedSpelling], arity: .none, isOriginal: isOriginal),
            ]
        }
}
