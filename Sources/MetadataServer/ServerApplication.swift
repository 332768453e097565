// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Dispatch
import Glibc
import HostSystem
import Hummingbird
import Logging
import MetadataStore
import SystemPackage

/// What one server is to do.
struct ServerSettings: Sendable {
    enum Nodes: Sendable {
        /// Node files, watched.
        case files(FilePath)
        /// A store that administrators change.
        case store(FilePath, key: FilePath?)
    }

    var nodes: Nodes
    var addresses: [ListenAddress]
    var certificate: ServerCertificate?
    /// Nil: that of the store, and none for files.
    var adminTokens: FilePath?
    var clients: ClientAddresses
    var bases: BaseURLs
    /// Whether instance metadata is given to whoever has a session token only: then by EC2's service alone.
    var requiresSessionToken: Bool
    var historyLimit: Int
    var limits: HTTPListener.Limits
    /// Requests a second from each address; nil: no limit.
    var rate: Int?
    var accessLog: AccessLog?
    /// The changes that administrators make.
    var auditLog: AccessLog
}

/// The HTTP server over a store of nodes.
struct ServerApplication {
    /// How long a stop may take.
    private static let stopLimit = DispatchTimeInterval.seconds(4)

    let settings: ServerSettings
    let logger: Logger

    /// Serves until a signal ends it.
    ///
    /// - Throws: `HostError`, `ServerError`, `StoreError` when nodes or addresses cannot be had.
    func run() async throws {
        let signals = SignalStream.of([SIGTERM, SIGINT, SIGHUP], endings: [SIGTERM, SIGINT])
        SignalStream.surviveFailedWrites()
        // What is made here is nobody else's.
        umask(0o077)
        let feed = ChangeFeed()
        let source = try await ServedNodes(settings, feed: feed, logger: logger)
        let events = try await source.store.events(after: nil).following
        let metrics = ServerMetrics()
        let deliveries = DeliveryRecorder(logger: logger) { [store = source.store] in
            _ = try await store.record($0)
        }
        let answers = ServerRouter(
            settings: settings, source: source, feed: feed, deliveries: deliveries, metrics: metrics,
            logger: logger
        ).answers
        let listener = HTTPListener(
            limits: settings.limits, certificate: settings.certificate, answers: answers, logger: logger)
        metrics.gauge("connections", help: "Connections that are open.") { listener.connections }
        metrics.gauge("waiting_requests", help: "Requests that wait for a change.") { feed.waiting }
        let notifier = ServiceNotifier(environment: Invocation.current.environment)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await event in events { feed.publish([event]) } }
            group.addTask { await deliveries.run() }
            if let directory = source.directory { group.addTask { try await directory.watch() } }
            group.addTask {
                var isStopping = false
                for await signal in signals {
                    guard signal != SIGHUP else {
                        reload()
                        continue
                    }
                    if isStopping { continue }
                    isStopping = true
                    notifier.notify("STOPPING=1")
                    Self.end(after: Self.stopLimit)
                    // Whoever waits is answered, and comes again to another server or later.
                    feed.close()
                    source.store.endEvents()
                    listener.stop()
                }
            }
            group.addTask {
                try await listener.run(settings.addresses) { places in
                    for place in places { StandardStream.output.write("listening on \(place)\n") }
                    notifier.notify("READY=1")
                }
                throw Stopped()
            }
            defer { group.cancelAll() }
            do {
                while try await group.next() != nil {}
            } catch is Stopped {}
        }
    }

    /// All connections are closed.
    private struct Stopped: Error {}

    /// Ends the process when it is still there: a client that does not read its answer is not waited for.
    private static func end(after limit: DispatchTimeInterval) {
        DispatchQueue.global().asyncAfter(deadline: .now() + limit) { exit(ExitStatus.success) }
    }

    private func reload() {
        for read in [
            { try settings.certificate?.reload() }, { try settings.accessLog?.reopen() },
            { try settings.auditLog.reopen() },
        ] as [() throws -> Void] {
            do { try read() } catch { logger.error("\(error), keeping what there was") }
        }
    }
}

/// The nodes that a server serves.
struct ServedNodes {
    let store: ObservedStore
    /// What fills the store; nil: administrators do.
    let directory: NodeDirectory?
    /// Nil: nobody administers.
    let access: AdminAccess?
    private let storeDirectory: StoreDirectory?

    /// - Throws: as `ServerApplication.run`.
    init(_ settings: ServerSettings, feed: ChangeFeed, logger: Logger) async throws {
        var tokens = settings.adminTokens
        switch settings.nodes {
        case .files(let path):
            storeDirectory = nil
            store = ObservedStore(
                store: InMemoryMetadataStore(historyLimit: settings.historyLimit), feed: feed)
            let directory = NodeDirectory(path: path, store: store, logger: logger)
            try await directory.load()
            self.directory = directory
        case .store(let path, let key):
            let place = try await StoreDirectory(path)
            storeDirectory = place
            directory = nil
            store = ObservedStore(
                store: try place.store(key: key, historyLimit: settings.historyLimit), feed: feed)
            tokens = try tokens ?? place.adminTokens()
        }
        access = try tokens.map { try AdminAccess(file: $0) }
    }
}
