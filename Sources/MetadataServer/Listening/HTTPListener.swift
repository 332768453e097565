// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOExtras
import NIOPosix
import Synchronization

/// Accepts connections at several places and gives their requests to one responder.
///
/// Hummingbird's own server binds one address and takes no socket that is open already; what happens on a connection is its.
final class HTTPListener: Sendable {
    struct Limits: Sendable {
        /// Open connections; those beyond are closed at once.
        var connections = 16_384
        /// Of the headers of a request together, in bytes.
        var header = 32 << 10
        /// How long a connection may be without a whole header, in seconds.
        var idle = 60
    }

    typealias Responder = @Sendable (Request, any Channel) async throws -> Response

    private let limits: Limits
    private let certificate: ServerCertificate?
    private let respond: Responder
    private let logger: Logger
    private let quiescing = Mutex<[ServerQuiescingHelper]>([])
    private let open = Atomic(0)
    private let date = ResponseDate()

    init(
        limits: Limits, certificate: ServerCertificate?, logger: Logger, respond: @escaping Responder
    ) {
        self.limits = limits
        self.certificate = certificate
        self.logger = logger
        self.respond = respond
    }

    /// How many connections are open.
    var connections: Int { open.load(ordering: .relaxed) }

    /// Opens all places, tells of each, and serves until `stop`, and until the last connection is closed.
    ///
    /// - Throws: `ServerError` that names the place that cannot be had.
    func run(_ addresses: [ListenAddress], isListening: ([String]) -> Void) async throws {
        var servers: [any BoundServer] = []
        for address in addresses {
            do {
                let plain = HTTP1Channel(responder: responder(scheme: "http"), configuration: configuration)
                if address.usesTLS {
                    guard let certificate else {
                        throw ServerError("no certificate is given (--tls-certificate, --tls-key)")
                    }
                    let secure = HTTP1Channel(
                        responder: responder(scheme: "https"), configuration: configuration)
                    servers.append(
                        try await bind(
                            address, TLSChannel(secure, tlsConfiguration: certificate.configuration)))
                } else {
                    servers.append(try await bind(address, plain))
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

    private var configuration: HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            idleTimeout: .seconds(Int64(limits.idle)),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.header, maxHeaderListSize: limits.header, maxHeaderFieldCount: 200)
        )
    }

    private func responder(scheme: String) -> HTTPChannelHandler.Responder {
        { [respond, date] request, writer, channel in
            var head = request.head
            head.scheme = scheme
            var response = try await respond(Request(head: head, body: request.body), channel)
            response.headers[.date] = date.now
            try await writer.write(response: response.head, body: response.body)
        }
    }

    private func bind<Child: ServerChildChannel>(
        _ address: ListenAddress, _ child: Child
    ) async throws -> any BoundServer {
        let helper = ServerQuiescingHelper(group: MultiThreadedEventLoopGroup.singleton)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
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
        let channel: NIOAsyncChannel<Child.Value, Never> =
            switch address.place {
            case .tcp(let host, let port):
                try await bootstrap.bind(host: host, port: port, childChannelInitializer: setUp)
            case .unix(let path):
                try await bootstrap.bind(
                    unixDomainSocketPath: path, cleanupExistingSocketFile: true,
                    childChannelInitializer: setUp)
            case .inherited(let descriptor):
                try await bootstrap.bind(descriptor, childChannelInitializer: setUp)
            }
        // Everybody may connect whom its directory lets: a proxy is somebody else.
        if case .unix(let path) = address.place { chmod(path, 0o666) }
        quiescing.withLock { $0.append(helper) }
        return Bound(channel: channel, child: child, listener: self)
    }

    fileprivate func admit() -> Bool {
        guard open.add(1, ordering: .relaxed).newValue > limits.connections else { return true }
        leave()
        return false
    }

    fileprivate func leave() { open.subtract(1, ordering: .relaxed) }

    fileprivate func warn(_ error: any Error) { logger.error("cannot accept connections: \(error)") }

    /// A place that is open.
    private struct Bound<Child: ServerChildChannel>: BoundServer {
        let channel: NIOAsyncChannel<Child.Value, Never>
        let child: Child
        let listener: HTTPListener

        var port: Int? { channel.channel.localAddress?.port }

        func serve() async {
            await withDiscardingTaskGroup { group in
                do {
                    try await channel.executeThenClose { inbound in
                        for try await connection in inbound {
                            let isAdmitted = listener.admit()
                            // One that is closed is handled too: that ends it in order.
                            if !isAdmitted { connection.channel.close(promise: nil) }
                            group.addTask {
                                await child.handle(value: connection, logger: listener.logger)
                                if isAdmitted { listener.leave() }
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

/// The header `Date`, made once a second.
private final class ResponseDate: Sendable {
    private let state = Mutex((second: 0, text: ""))

    var now: String {
        let second = HTTPDate.now
        return state.withLock { state in
            if state.second != second { state = (second, HTTPDate.text(second)) }
            return state.text
        }
    }
}
