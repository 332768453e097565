// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem
import Logging
import MetadataStore
import SystemPackage

/// The options of the server itself.
package struct ServeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Serve the node files (NAME.yaml, NAME.json) of this directory, watched, instead of a store.",
            valueName: "directory"))
    var nodes: String?

    @Option(help: ArgumentHelp("Directory of the store.", valueName: "directory"))
    var store = "/var/lib/os-metadata-server"

    @Option(
        name: .customLong("encryption-key-file"),
        help: ArgumentHelp("Encrypt the store's records with the key in this file.", valueName: "file"))
    var keyFile: String?

    @Option(help: ArgumentHelp("Revisions of each node that are kept.", valueName: "count"))
    var history = 20

    @Option(
        help: ArgumentHelp(
            "Listen on HOST:PORT, https://HOST:PORT or unix:PATH; port 0 for one the kernel chooses. May be repeated.",
            valueName: "address"))
    var listen: [String] = []

    @Option(
        name: .customLong("tls-certificate"),
        help: ArgumentHelp("Certificate and those above it, in PEM; read again on SIGHUP.", valueName: "file")
    )
    var certificate: String?

    @Option(name: .customLong("tls-key"), help: ArgumentHelp("Its private key, in PEM.", valueName: "file"))
    var key: String?

    @Option(
        name: .customLong("public-url"),
        help: ArgumentHelp(
            "Where nodes reach this server, for the URLs they are given; default: what their request says.",
            valueName: "url"))
    var publicURL: String?

    @Option(
        name: .customLong("admin-token-file"),
        help: ArgumentHelp(
            "Who may administer: NAME:TOKEN a line; default: DIRECTORY/admin-token of the store, which is made.",
            valueName: "file"))
    var adminTokens: String?

    @Option(
        name: .customLong("trusted-proxy"),
        help: ArgumentHelp(
            "Believe the X-Forwarded-For header of this proxy; 'unix' for those on unix sockets. May be repeated.",
            valueName: "address"))
    var trustedProxies: [String] = []

    @Flag(
        name: .customLong("imdsv2-only"),
        help: "Give instance metadata only to those who have a session token (EC2, version 2 of the service)."
    )
    var requiresSessionToken = false

    @Option(
        name: .customLong("max-connections"),
        help: ArgumentHelp("Open connections; more are closed at once.", valueName: "count"))
    var connections = 16_384

    @Option(
        name: .customLong("max-connections-per-address"),
        help: ArgumentHelp(
            "Of those, from one address that is no trusted proxy; default: all of them.", valueName: "count"))
    var connectionsPerAddress: Int?

    @Option(
        name: .customLong("max-rate"),
        help: ArgumentHelp("Requests a second from one address; default: no limit.", valueName: "count"))
    var rate: Int?

    @Option(
        name: .customLong("idle-timeout"),
        help: ArgumentHelp(
            "How long a connection may be without a request, and a client may leave an answer unread.",
            valueName: "seconds"))
    var idle = 60

    @Option(
        name: .customLong("access-log"),
        help: ArgumentHelp(
            "A line of JSON for each request; '-' for standard output. Opened again on SIGHUP.",
            valueName: "file"))
    var accessLog: String?

    @Option(
        name: .customLong("audit-log"),
        help: ArgumentHelp(
            "A line of JSON for each change by an administrator; default: standard output.", valueName: "file"
        ))
    var auditLog = "-"

    @Flag(name: .shortAndLong, help: "Log each request.")
    var verbose = false

    package init() {}

    package func validate() throws {
        if let wrong = listen.first(where: { ListenAddress($0) == nil }) {
            throw ValidationError("--listen wants HOST:PORT, https://HOST:PORT or unix:PATH, not '\(wrong)'")
        }
        if let wrong = trustedProxies.first(where: { Self.proxy($0) == nil }) {
            throw ValidationError("--trusted-proxy wants an IP address, not '\(wrong)'")
        }
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--tls-certificate and --tls-key go together")
        }
        if certificate == nil, addresses.contains(where: \.usesTLS) {
            throw ValidationError("https:// needs --tls-certificate and --tls-key")
        }
        if nodes != nil, keyFile != nil { throw ValidationError("--encryption-key-file needs a store") }
        let isURL = publicURL.map { $0.hasPrefix("http://") || $0.hasPrefix("https://") } ?? true
        guard isURL else { throw ValidationError("--public-url wants http://… or https://…") }
        for (name, value) in [
            ("history", history), ("max-connections", connections),
            ("max-connections-per-address", connectionsPerAddress ?? 1), ("idle-timeout", idle),
            ("max-rate", rate ?? 1),
        ] {
            guard (1...1_000_000).contains(value) else {
                throw ValidationError("--\(name) wants a number from 1 to 1000000, not \(value)")
            }
        }
    }

    private static func proxy(_ text: String) -> String? {
        text == ClientAddresses.unixSocket ? text : IPAddress.canonical(text)
    }

    /// Those that the service manager has opened, unless others are named.
    private var addresses: [ListenAddress] {
        let named = listen.compactMap { ListenAddress($0) }
        guard named.isEmpty else { return named }
        let inherited = ListenAddress.inherited(Invocation.current.environment)
        return inherited.isEmpty ? [ListenAddress(place: .tcp(host: "127.0.0.1", port: 8000))] : inherited
    }

    /// Serves until a signal ends it.
    ///
    /// - Throws: `ExitCode`, when it has said why it cannot.
    package func serve() async throws {
        let logger = AgentLogHandler.logger(
            layout: .named("os-metadata-server"), level: verbose ? .info : .notice)
        do {
            try await ServerApplication(settings: settings(), logger: logger).run()
        } catch {
            logger.error("\(error)")
            throw ExitCode(ExitStatus.failure)
        }
    }

    private func settings() throws -> ServerSettings {
        var limits = HTTPListener.Limits()
        limits.connections = connections
        limits.connectionsPerAddress = connectionsPerAddress
        let clients = ClientAddresses(proxies: Set(trustedProxies.compactMap(Self.proxy)))
        limits.proxies = clients.proxies
        limits.idle = idle
        let fixed = publicURL.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        return ServerSettings(
            nodes: nodes.map { .files(FilePath($0)) }
                ?? .store(FilePath(store), key: keyFile.map { FilePath($0) }),
            addresses: addresses,
            certificate: try certificate.map { try ServerCertificate(certificate: $0, key: key ?? "") },
            adminTokens: adminTokens.map { FilePath($0) },
            clients: clients,
            bases: BaseURLs(fixed: fixed), requiresSessionToken: requiresSessionToken, historyLimit: history,
            limits: limits, rate: rate, accessLog: try accessLog.map { try AccessLog(path: $0) },
            auditLog: try AccessLog(path: auditLog))
    }
}
