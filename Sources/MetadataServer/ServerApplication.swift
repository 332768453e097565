// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Hummingbird
import Logging
import MetadataStore
import NIOCore
import SystemPackage

/// The HTTP server over a directory of nodes.
struct ServerApplication {
    let nodes: FilePath
    let host: String
    let port: Int
    let clients: ClientAddresses
    /// Whether instance metadata is given to whoever has a session token only: then by EC2's service alone.
    let requiresSessionToken: Bool
    let logger: Logger

    /// Serves until a signal ends it.
    ///
    /// - Throws: `HostError` when the nodes cannot be read, or the error of a port that cannot be had.
    func run() async throws {
        let feed = ChangeFeed()
        let store = ObservedStore(store: InMemoryMetadataStore(), feed: feed)
        let directory = NodeDirectory(path: nodes, store: store, logger: logger)
        try await directory.load()

        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        router.addMiddleware { RequestLog(logger: logger) }
        RequestRoutes(store: store, feed: feed).register(on: router)
        let cloudFormation = CloudFormationRoutes(store: store)
        cloudFormation.register(on: router)
        let requests = InstanceRequests(store: store, clients: clients)
        let instances = EC2Routes(requests: requests, requiresToken: requiresSessionToken)
        instances.register(on: router)
        if !requiresSessionToken {
            // They know no tokens, and would tell the same without one.
            OpenStackRoutes(requests: requests).register(on: router)
            NoCloudRoutes(requests: requests).register(on: router)
        }
        // Both protocols have it: whoever signs a query is one of CloudFormation's.
        router.get("/") { request, _ in
            request.uri.query == nil ? instances.versions() : try await cloudFormation.answer(request)
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "os-metadata-server/\(programVersion)"),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
                StandardStream.output.write("listening on http://\(authority)\n")
            },
            logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await directory.watch() }
            group.addTask { try await application.runService() }
            // The server ends on a signal; the watch, only by an error.
            try await group.next()
            group.cancelAll()
        }
    }
}
