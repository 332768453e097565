// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HTTPTransport
import HostSystem
import Logging
import SystemPackage

/// What the settings ask for.
struct CollectPlan: Sendable {
    let providers: [any MetadataProvider]
    let deploymentKeys: [String]
    let command: String?
    let cacheDirectory: FilePath
    let backupDirectory: FilePath
    let isOneTime: Bool
    let isForced: Bool
    let isPrintOnly: Bool
    let shortestInterval: Double
    let longestInterval: Double
    let splay: Double
    /// The configuration files and what they held.
    private var files: [FilePath: [UInt8]]
    private let arguments: OriginalArguments
    private let environment: [String: String]

    /// - Throws: `SettingsError`.
    init(
        _ settings: Settings, arguments: OriginalArguments, environment: [String: String],
        transport: any HTTPTransport, logger: Logger
    )
        throws
    {
        self.arguments = arguments
        self.environment = environment
        files = Self.contents(of: settings.files)
        deploymentKeys = try settings.list(nil, "deployment_key")
        command = try settings.string(nil, "command")
        cacheDirectory = FilePath(try settings.string(nil, "cachedir") ?? "")
        backupDirectory = FilePath(try settings.string(nil, "backup_cachedir") ?? "")
        isForced = try settings.flag("force")
        isOneTime = try settings.flag("one_time") || isForced
        isPrintOnly = try settings.flag("print")
        shortestInterval = try settings.number(nil, "min_polling_interval")
        longestInterval = try settings.number(nil, "polling_interval")
        splay = try settings.number(nil, "splay")
        let builder = ProviderBuilder(
            settings: settings, environment: environment, transport: transport, logger: logger)
        providers = try settings.collectors().compactMap { try builder.provider($0) }
    }

    /// Whether a configuration file has come, gone or changed since they were read.
    var isOutdated: Bool { currentFiles != files }

    private var currentFiles: [FilePath: [UInt8]] {
        Self.contents(of: ConfigurationFiles.all(arguments, environment))
    }

    /// The same plan, which takes the configuration files as they are now for its own.
    func acceptingFiles() -> CollectPlan {
        var plan = self
        plan.files = currentFiles
        return plan
    }

    private static func contents(of files: [FilePath]) -> [FilePath: [UInt8]] {
        Dictionary(files.map { ($0, (try? FileContents.read($0)) ?? []) }) { first, _ in first }
    }
}

/// Makes the sources from their settings.
private struct ProviderBuilder {
    let settings: Settings
    let environment: [String: String]
    let transport: any HTTPTransport
    let logger: Logger

    /// Nil for a source that this version does not have.
    func provider(_ name: String) throws -> (any MetadataProvider)? {
        switch name {
        case "heat_local":
            return HeatLocalProvider(paths: try settings.list("heat_local", "path"), logger: logger)
        case "local": return LocalProvider(directories: try settings.list("local", "path"), logger: logger)
        case "request": return try requestProvider()
        case "cfn": return try cfnProvider()
        default:
            logger.info("Source [\(name)] is not in this version, ignoring")
            return nil
        }
    }

    private func requestProvider() throws -> RequestProvider {
        let timeout = Duration.seconds(try settings.number("request", "timeout"))
        let token = try settings.string("request", "token")
        let authorities = try settings.string("request", "ca_file") ?? defaultAuthorities
        let request = try settings.string("request", "metadata_url").map { url in
            HTTPRequest(
                url: url, headers: token.map { [("Authorization", "Bearer \($0)")] } ?? [],
                connectTimeout: timeout, timeout: timeout, authorities: authorities)
        }
        let merger = DeploymentMerger(keys: try settings.list(nil, "deployment_key"), logger: logger)
        return RequestProvider(request: request, transport: transport, merger: merger, logger: logger)
    }

    private func cfnProvider() throws -> CFNProvider {
        let own = try settings.list("cfn", "deployment_key")
        let global = try settings.list(nil, "deployment_key")
        // The source's own option is the older one: it counts when it says something else than the default.
        let keys = own == OptionTable.definition("cfn", "deployment_key")?.standard ? global : own
        let configuration = CFNProvider.Configuration(
            url: try settings.string("cfn", "metadata_url"),
            hint: try settings.string("cfn", "heat_metadata_hint"),
            accessKey: try settings.string("cfn", "access_key_id"),
            secretKey: try settings.string("cfn", "secret_access_key"),
            stack: try settings.string("cfn", "stack_name"),
            paths: try settings.list("cfn", "path"),
            authorities: try settings.string("cfn", "ca_certificate") ?? defaultAuthorities,
            timeout: .seconds(try settings.number("cfn", "timeout")))
        return CFNProvider(
            configuration: configuration, transport: transport,
            merger: DeploymentMerger(keys: keys, logger: logger), logger: logger)
    }

    /// The variables that Python's HTTP client reads.
    private var defaultAuthorities: String? {
        environment["REQUESTS_CA_BUNDLE"] ?? environment["CURL_CA_BUNDLE"]
    }
}
