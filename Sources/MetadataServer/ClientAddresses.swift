// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import NIOCore

/// A request's context: with the connection that it came by.
struct ServerContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    var remoteAddress: SocketAddress? { channel.remoteAddress }

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Tells who asks, also through proxies.
struct ClientAddresses: Sendable {
    /// The addresses of proxies whose `X-Forwarded-For` is believed, as `IPAddress` writes them.
    let proxies: Set<String>

    /// Whoever comes by a unix socket, in the place of an address.
    static let unixSocket = "unix"

    /// The address that a request comes from: of the connection, or what the nearest proxy that is not ours was told by ours.
    func address(of request: Request, _ context: ServerContext) -> String? {
        guard var address = connectionAddress(context) else { return nil }
        var forwarded = request.headers[values: .forwardedFor].flatMap { $0.split(separator: ",") }
        while proxies.contains(address), let last = forwarded.popLast() {
            guard let next = IPAddress.canonical(String(last.filter { $0 != " " && $0 != "\t" })) else {
                return nil
            }
            address = next
        }
        return address == Self.unixSocket ? nil : address
    }

    private func connectionAddress(_ context: ServerContext) -> String? {
        guard let remote = context.remoteAddress else { return Self.unixSocket }
        if case .unixDomainSocket = remote { return Self.unixSocket }
        return remote.ipAddress.flatMap(IPAddress.canonical)
    }
}

extension HTTPField.Name {
    fileprivate static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
}
