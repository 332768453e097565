// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HTTPTransport
import HostSystem
import Logging
import SystemPackage

/// What the settings ask for.
struct CollectPlan: Sendable {
    let providers: [any MetadataProvider]
    let command: String?
    /// How long the command may run; nil: for ever.
    let commandLimit: Duration?
    let cacheDirectory: FilePath
    let backupDirectory: FilePath
    let statusPlaces: StatusBoard.Places
    /// Whether a source that is down is left out, instead of being given by what was committed last.
    let dropsUnavailable: Bool
    let isOneTime: Bool
    let isForced: Bool
    let isPrintOnly: Bool
    let shortestInterval: Double
    let longestInterval: Double
    let splay: Double
    /// Whether the sources are others than those that count when none is named.
    let namesSources: Bool
    let logger: Logger
    /// For what sources say in every round.
    let sourceLogger: Logger
    private var files: ConfigurationSnapshot

    /// - Parameter files: as they were before the settings were read from them.
    /// - Throws: `SettingsError`.
    init(
        _ settings: Settings, from files: ConfigurationSnapshot, environment: [String: String],
        transport: any HTTPTransport, logger: Logger, repeats: RepeatFilter
    ) throws {
        self.logger = logger
        self.files = files
        sourceLogger = repeats.filtering(logger)
        command = try settings.string(nil, "command")
        let limit = try settings.number(nil, "command_timeout")
        commandLimit = limit > 0 ? .seconds(limit) : nil
        cacheDirectory = FilePath(try settings.string(nil, "cachedir") ?? "")
        backupDirectory = FilePath(try settings.string(nil, "backup_cachedir") ?? "")
        dropsUnavailable = try settings.flag("drop_unavailable")
        isForced = try settings.flag("force")
        isOneTime = try settings.flag("one_time") || isForced
        isPrintOnly = try settings.flag("print")
        statusPlaces = try isOneTime ? StatusBoard.Places() : Self.places(settings)
        shortestInterval = try settings.number(nil, "min_polling_interval")
        longestInterval = try settings.number(nil, "polling_interval")
        splay = try settings.number(nil, "splay")
        let builder = ProviderBuilder(
            settings: settings, environment: environment, transport: transport, logger: sourceLogger)
        let names = try settings.collectors()
        namesSources = names != OptionTable.collectors.standard
        providers = try names.map { try builder.provider($0) }
    }

    private static func places(_ settings: Settings) throws -> StatusBoard.Places {
        func path(_ key: String) throws -> FilePath? {
            try settings.string(nil, key).flatMap { $0.isEmpty ? nil : FilePath($0) }
        }
        return StatusBoard.Places(status: try path("status_file"), metrics: try path("metrics_textfile"))
    }

    /// Whether a configuration file has come, gone or changed since they were read.
    var isOutdated: Bool { files.isOutdated }

    /// The same plan, which takes the configuration files as they were then for its own.
    func accepting(_ files: ConfigurationSnapshot) -> CollectPlan {
        var plan = self
        plan.files = files
        return plan
    }

    /// What the sources want to be asked again for.
    var watchedPaths: [FilePath] { providers.flatMap(\.watchedPaths) }

    /// Where configuration is, or would be looked for.
    var configurationPaths: [FilePath] { files.places }
}

/// The configuration files and what they held.
struct ConfigurationSnapshot: Sendable {
    private let arguments: OriginalArguments
    private let environment: [String: String]
    private let contents: [FilePath: [UInt8]]

    init(_ arguments: OriginalArguments, _ environment: [String: String]) {
        self.arguments = arguments
        self.environment = environment
        contents = Self.contents(arguments, environment)
    }

    var isOutdated: Bool { Self.contents(arguments, environment) != contents }

    var places: [FilePath] { ConfigurationFiles.places(arguments, environment) }

    private static func contents(_ arguments: OriginalArguments, _ environment: [String: String])
        -> [FilePath: [UInt8]]
    {
        let files = ConfigurationFiles.all(arguments, environment)
        return Dictionary(files.map { ($0, (try? FileContents.read($0)) ?? []) }) { first, _ in first }
    }
}
