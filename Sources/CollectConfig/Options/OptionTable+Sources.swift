// SPDX-License-Identifier: Apache-2.0

extension OptionTable {
    static let heatLocal = [
        option(
            "path", .list, "/var/lib/heat-cfntools/cfn-init-data", in: "heat_local", takes: .file,
            help: "JSON file to read.")
    ]

    static let ec2 = [
        option(
            "metadata-url", .url, standardMetadataURL, in: "ec2", takes: .url,
            help: "Root of the metadata. The default is also asked for at its IPv6 address."),
        option(
            "timeout", .number, "10", in: "ec2", takes: .seconds,
            help: "Time limit of the connection, and of each request."),
        option(
            "user-data", .boolean, "false", in: "ec2",
            help: "Collect the user data too, as the member \"user-data\".", isNew: true),
    ]

    static let standardMetadataURL = "http://169.254.169.254/latest/meta-data"

    static let cfn = [
        option(
            "metadata-url", .url, in: "cfn", takes: .url,
            help: "The API, for example https://metadata.example/v1/."),
        option(
            "heat-metadata-hint", .string, "/var/lib/heat-cfntools/cfn-metadata-server", in: "cfn",
            takes: .file,
            help: "If there is no URL: a file that holds its beginning, to which /v1/ is added."),
        option(
            "ca_certificate", in: "cfn", takes: .file,
            help: "Trust the certificates in this file instead of the system's."),
        option("stack-name", in: "cfn", takes: .name, help: "Stack to describe."),
        option(
            "path", .list, in: "cfn", takes: .path, help: "What to read: RESOURCE.FIELD, and keys below it."),
        option("secret-access-key", in: "cfn", takes: .key, help: "Key to sign with."),
        option("access-key-id", in: "cfn", takes: .key, help: "Key that names us."),
        option(
            "deployment-key", .list, "deployments", in: "cfn", takes: .key,
            help: "As the one of [DEFAULT], for this source; it counts if it is not the default."),
        option(
            "timeout", .number, "10", in: "cfn", takes: .seconds,
            help: "Time limit of the connection, and of each request."),
    ]

    static let heat =
        credentials("heat") + [
            option("stack-id", in: "heat", takes: .id, help: "Stack of the resource: its id, or NAME/ID."),
            option("resource-name", in: "heat", takes: .name, help: "Resource whose metadata is read."),
            option("region-name", in: "heat", takes: .name, help: "Region of the orchestration service."),
        ] + connection("heat")

    /// Who logs in to the identity service, and where.
    private static func credentials(_ group: String) -> [OptionDefinition] {
        [
            option("user-id", in: group, takes: .id, help: "User to log in as."),
            option("password", in: group, help: "Password of the user."),
            option("project-id", in: group, takes: .id, help: "Project to log in to."),
            option("auth-url", .url, in: group, takes: .url, help: "URL of the identity service."),
        ]
    }

    private static func connection(_ group: String) -> [OptionDefinition] {
        [
            option(
                "ca-file", in: group, takes: .file,
                help: "Trust the certificates in this file instead of the system's.", isNew: group != "zaqar"),
            option(
                "timeout", .number, "10", in: group, takes: .seconds,
                help: "Time limit of the connection, and of each request.", isNew: true),
        ]
    }

    static let request = [
        option("metadata-url", .url, in: "request", takes: .url, help: "URL of a JSON object."),
        option(
            "timeout", .number, "10", in: "request", takes: .seconds,
            help: "Time limit of the connection, and of a request; one that waits gets 60 seconds more."),
        option("token", in: "request", help: "Bearer token to send.", isNew: true),
        option(
            "ca-file", in: "request", takes: .file,
            help: "Trust the certificates in this file instead of the system's.", isNew: true),
        option(
            "cert-file", in: "request", takes: .file, help: "Our certificate (PEM), to show.", isNew: true),
        option("key-file", in: "request", takes: .file, help: "Its private key (PEM).", isNew: true),
    ]

    static let local = [
        option(
            "path", .list, "/var/lib/os-collect-config/local-data", in: "local", takes: .directory,
            help: "Directory of JSON files, owned by us and not writable by everybody.")
    ]

    static let keystone = [
        option(
            "cache_dir", in: "keystone", takes: .directory,
            help: "Keep tokens here, in files of mode 0600, so that a new process need not log in."),
        option(
            "cache_ttl", .number, "1800", in: "keystone", takes: .seconds,
            help: "Keep a token no longer than this, whenever it expires."),
    ]

    static let zaqar =
        credentials("zaqar") + [
            option("queue-id", in: "zaqar", takes: .id, help: "Queue to read."),
            option("use-websockets", .boolean, "false", in: "zaqar", help: "Not supported: HTTP is used."),
            option("region-name", in: "zaqar", takes: .name, help: "Region of the messaging service."),
            option(
                "ssl-certificate-validation", .boolean, "true", in: "zaqar",
                help: "Check the server's certificate."),
        ] + connection("zaqar")
}
