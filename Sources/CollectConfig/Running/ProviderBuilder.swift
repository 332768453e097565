// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Logging
import MetadataTree
import SystemPackage

/// Makes the sources from their settings.
struct ProviderBuilder {
    let settings: Settings
    let environment: [String: String]
    let transport: any HTTPTransport
    let logger: Logger

    func provider(_ name: String) throws -> any MetadataProvider {
        switch name {
        case "heat_local": try heatLocalProvider()
        case "local": try localProvider()
        case "ec2": try ec2Provider()
        case "cfn": try cfnProvider()
        case "heat": try heatProvider()
        case "zaqar": try zaqarProvider()
        case "request": try requestProvider()
        default: throw SettingsError("there is no source \(name)")
        }
    }

    private func heatLocalProvider() throws -> HeatLocalProvider {
        HeatLocalProvider(paths: try settings.list("heat_local", "path"), logger: logger)
    }

    private func localProvider() throws -> LocalProvider {
        let cache = MetadataCache(directory: try cacheDirectory(), backup: "", logger: logger)
        return LocalProvider(directories: try settings.list("local", "path"), logger: logger) {
            cache.committed($0)
        }
    }

    private func cacheDirectory() throws -> FilePath {
        FilePath(try settings.string(nil, "cachedir") ?? "")
    }

    private func ec2Provider() throws -> EC2Provider {
        let cache = EC2Cache(
            directory: try cacheDirectory(),
            isReadOnly: try settings.flag("print") || settings.string(nil, "command") == nil, logger: logger)
        let service = EC2Service(
            url: try settings.string("ec2", "metadata_url") ?? OptionTable.standardMetadataURL,
            client: try client("ec2"))
        return EC2Provider(
            cache: cache, drive: ConfigDrive(logger: logger), service: service,
            wantsUserData: try settings.flag("user_data", in: "ec2"), logger: logger)
    }

    private func requestProvider() throws -> RequestProvider {
        RequestProvider(
            url: try settings.string("request", "metadata_url"),
            token: try settings.string("request", "token").flatMap { $0.isEmpty ? nil : $0 },
            client: try client("request", authorities: "ca_file"), merger: try merger())
    }

    private func cfnProvider() throws -> CFNProvider {
        let own = try settings.list("cfn", "deployment_key")
        // The source's own option is the older one: it counts when it says something else than the default.
        let isStandard = own == OptionTable.definition("cfn", "deployment_key")?.standard
        let configuration = CFNProvider.Configuration(
            url: try settings.string("cfn", "metadata_url"),
            hint: try settings.string("cfn", "heat_metadata_hint"),
            accessKey: try settings.string("cfn", "access_key_id"),
            secretKey: try settings.string("cfn", "secret_access_key"),
            stack: try settings.string("cfn", "stack_name"),
            paths: try settings.list("cfn", "path"))
        return CFNProvider(
            configuration: configuration, client: try client("cfn", authorities: "ca_certificate"),
            merger: isStandard ? try merger() : DeploymentMerger(keys: own, logger: logger), logger: logger)
    }

    // MARK: OpenStack

    private func heatProvider() throws -> HeatProvider {
        let client = try client("heat", authorities: "ca_file")
        let (session, missing) = try session("heat", client, also: ["stack_id", "resource_name"])
        let resource = HeatProvider.Resource(
            stack: try settings.string("heat", "stack_id") ?? "",
            name: try settings.string("heat", "resource_name") ?? "",
            region: try settings.string("heat", "region_name"))
        return HeatProvider(
            session: session, resource: resource, missing: missing, client: client, merger: try merger())
    }

    private func zaqarProvider() throws -> ZaqarProvider {
        var client = try client("zaqar", authorities: "ca_file")
        client.trust.verifiesServer = try settings.flag("ssl_certificate_validation", in: "zaqar")
        let (session, missing) = try session("zaqar", client, also: ["queue_id"])
        if try settings.flag("use_websockets", in: "zaqar") {
            logger.warning("zaqar: websockets are not supported, HTTP is used")
        }
        let queue = ZaqarProvider.Queue(
            name: try settings.string("zaqar", "queue_id") ?? "",
            region: try settings.string("zaqar", "region_name"))
        return ZaqarProvider(
            session: session, queue: queue, missing: missing, client: client, merger: try merger(),
            logger: logger)
    }

    /// A login for a source; nil, with the first option that is missing, when it is not configured.
    private func session(_ group: String, _ client: MetadataClient, also others: [String]) throws
        -> (KeystoneSession?, missing: String?)
    {
        let keys = ["auth_url", "password", "project_id", "user_id"] + others
        let missing = try keys.first { try settings.string(group, $0)?.isEmpty ?? true }
        if let missing { return (nil, missing) }
        let credentials = KeystoneSession.Credentials(
            userID: try settings.string(group, "user_id") ?? "",
            password: try settings.string(group, "password") ?? "",
            projectID: try settings.string(group, "project_id") ?? "",
            authURL: try settings.string(group, "auth_url") ?? "")
        var store: KeystoneTokenFile?
        if let directory = try settings.string("keystone", "cache_dir"), !directory.isEmpty {
            do {
                store = try KeystoneTokenFile(directory: FilePath(directory), credentials, logger: logger)
            } catch {
                logger.warning("\(error), ignoring: tokens are kept in memory only")
            }
        }
        let life = Int(try settings.number("keystone", "cache_ttl"))
        return (KeystoneSession(credentials, client: client, store: store, longestLife: life), nil)
    }

    // MARK: What they share

    private func merger() throws -> DeploymentMerger {
        DeploymentMerger(keys: try settings.list(nil, "deployment_key"), logger: logger)
    }

    /// - Parameter authorities: the source's option for certificates to trust; nil: it has none.
    private func client(_ group: String, authorities key: String? = nil) throws -> MetadataClient {
        func path(_ group: String?, _ key: String) throws -> String? {
            try settings.string(group, key).flatMap { $0.isEmpty ? nil : $0 }
        }
        let own = try key.flatMap { try path(group, $0) }
        // The variables that Python's HTTP client reads.
        let variables = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"].compactMap { environment[$0] }
        let general = try path(nil, "cacert") ?? variables.first { !$0.isEmpty }
        let trust = HTTPRequest.Trust(
            authorities: own ?? general, certificate: try path(group, "cert_file"),
            key: try path(group, "key_file"))
        return MetadataClient(
            transport: transport, timeout: try settings.duration(group, "timeout"),
            answerLimit: Int(try settings.number(nil, "answer_limit")), trust: trust)
    }
}
