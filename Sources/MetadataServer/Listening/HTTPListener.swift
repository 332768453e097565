// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import MetadataStore
import NIOCore
import NIOExtras
import NIOPosix
import Synchronization

/// Accepts connections at several places, whose requests are all answered the same.
///
/// Hummingbird's own server binds one address and takes no socket that is open already; what happens on a connection is its.
final class HTTPListener: Sendable {
    struct Limits: Sendable {
        /// Open connections; those beyond are closed at once.
        var connections = 16_384
        /// Of those, from one address; nil: all of them.
        var connectionsPerAddress: Int?
        /// The addresses that many clients come from, which that limit is not for.
        var proxies: Set<String> = []
        /// Of the headers of a request together, in bytes.
        var header = 32 << 10
        /// How long a connection may be without a whole header, and a client without taking what it has asked for, in seconds.
        var idle = 60
    }

    private let limits: Limits
    private let certificate: ServerCertificate?
    private let answers: any HTTPAnswers
    private let logger: Logger
    private let quiescing = Mutex<[ServerQuiescingHelper]>([])
    private let open = Mutex(OpenConnections())
    private let date = ResponseDate()

    init(
        limits: Limits, certificate: ServerCertificate?, answers: any HTTPAnswers, logger: Logger
    ) {
        self.limits = limits
        self.certificate = certificate
        self.logger = logger
        self.answers = answers
    }

    /// How many connections are open.
    var connections: Int { open.withLock(\.count) }

    /// Opens all places, tells of each, and serves until `stop`, and until the last connection is closed.
    ///
    /// - Throws: `ServerError` that names the place that cannot be had.
    func run(_ addresses: [ListenAddress], isListening: ([String]) -> Void) async throws {
        var servers: [any BoundServer] = []
        for address in addresses {
            do {
                let connection = HTTPConnection(
                    usesTLS: address.usesTLS, limits: limits, answers: answers, date: date)
                if address.usesTLS {
                    guard let certificate else {
                        throw ServerError("no certificate is given (--tls-certificate, --tls-key)")
                    }
                    servers.append(
                        try await bind(
                            address, TLSChannel(connection, tlsConfiguration: certificate.configuration)))
                } else {
                    servers.append(try await bind(address, connection))
                }
            } catch {
                throw ServerError("cannot listen on \(address.description(port: nil)): \(error)")
            }
        }
        isListening(zip(addresses, servers).map { $0.description(port: $1.port) })
        await withDiscardingTaskGroup { group in
            for server in servers { group.addTask { await server.serve() } }
        }
    }

    /// Accepts no more, closes connections that nobody uses, and the others when their requests are answered.
    func stop() {
        for helper in quiescing.withLock({ $0 }) { helper.initiateShutdown(promise: nil) }
    }

    // MARK: Connections

    private func bind<Child: ServerChildChannel>(
        _ address: ListenAddress, _ child: Child
    ) async throws -> any BoundServer where Child.Value == HTTPConnection.Value {
        let helper = ServerQuiescingHelper(group: MultiThreadedEventLoopGroup.singleton)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 4096)
            // Who comes while many are served is let in soon all the same.
            .serverChannelOption(.maxMessagesPerRead, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // What has come together is kept until it is answered: no more than one piece of it.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            // A client that has closed its side is gone: what it waits for is let go at once.
            .childChannelOption(.allowRemoteHalfClosure, value: false)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        helper.makeServerChannelHandler(channel: channel))
                }
            }
        let setUp: @Sendable (any Channel) -> EventLoopFuture<Child.Value> = { [logger] channel in
            child.setup(channel: channel, logger: logger)
        }
        let backPressure = NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark(
            lowWatermark: 256, highWatermark: 1024)
        let channel: NIOAsyncChannel<Child.Value, Never> =
            switch address.place {
            case .tcp(let host, let port):
                try await bootstrap.bind(
                    host: host, port: port, serverBackPressureStrategy: backPressure,
                    childChannelInitializer: setUp)
            case .unix(let path):
                try await bootstrap.bind(
                    unixDomainSocketPath: path, cleanupExistingSocketFile: true,
                    serverBackPressureStrategy: backPressure, childChannelInitializer: setUp)
            case .inherited(let descriptor):
                try await bootstrap.bind(
                    descriptor, serverBackPressureStrategy: backPressure, childChannelInitializer: setUp)
            }
        // Everybody may connect whom its directory lets: a proxy is somebody else.
        if case .unix(let path) = address.place { chmod(path, 0o666) }
        quiescing.withLock { $0.append(helper) }
        return Bound(channel: channel, child: child, listener: self)
    }

    /// What is given back when the connection is closed; nil: it is one too many.
    fileprivate func admit(_ client: ClientConnection) -> Admission? {
        var network: String?
        if limits.connectionsPerAddress != nil, let address = client.address,
            !limits.proxies.contains(address)
        {
            network = IPAddress.network(of: address)
        }
        return open.withLock { $0.admit(network, limits) }
    }

    fileprivate func leave(_ admission: Admission) { open.withLock { $0.leave(admission) } }

    fileprivate func warn(_ error: any Error) { logger.error("cannot accept connections: \(error)") }

    /// A place that is open.
    private struct Bound<Child: ServerChildChannel>: BoundServer where Child.Value == HTTPConnection.Value {
        let channel: NIOAsyncChannel<Child.Value, Never>
        let child: Child
        let listener: HTTPListener

        var port: Int? { channel.channel.localAddress?.port }

        func serve() async {
            await withDiscardingTaskGroup { group in
                do {
                    try await channel.executeThenClose { inbound in
                        for try await connection in inbound {
                            let admission = listener.admit(connection.client)
                            // One that is closed is handled too: that ends it in order.
                            if admission == nil { connection.channel.close(promise: nil) }
                            group.addTask {
                                await child.handle(value: connection, logger: listener.logger)
                                if let admission { listener.leave(admission) }
                            }
                        }
                    }
                } catch {
                    listener.warn(error)
                }
            }
        }
    }
}

private protocol BoundServer: Sendable {
    var port: Int? { get }
    func serve() async
}

/// A connection that counts.
private struct Admission: Sendable {
    /// Where its client is; nil: that is not counted.
    let network: String?
}

private struct OpenConnections {
    private(set) var count = 0
    private var networks: [String: Int] = [:]

    mutating func admit(_ network: String?, _ limits: HTTPListener.Limits) -> Admission? {
        guard count < limits.connections else { return nil }
        if let network {
            let already = networks[network] ?? 0
            guard already < limits.connectionsPerAddress ?? .max else { return nil }
            networks[network] = already + 1
        }
        count += 1
        return Admission(network: network)
    }

    mutating func leave(_ admission: Admission) {
        count -= 1
        guard let network = admission.network, let already = networks[network] else { return }
        networks[network] = already > 1 ? already - 1 : nil
    }
}
