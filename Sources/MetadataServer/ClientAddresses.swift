// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import NIOCore

/// A request's context: with the address of whoever sent it.
struct ServerContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}

/// Tells who asks, also through proxies.
struct ClientAddresses: Sendable {
    /// The addresses of proxies whose `X-Forwarded-For` is believed, as `IPAddress` writes them.
    let proxies: Set<String>

    /// The address that a request comes from: of the connection, or what the nearest proxy that is not ours was told by ours.
    func address(of request: Request, _ context: ServerContext) -> String? {
        guard var address = context.remoteAddress?.ipAddress.flatMap(IPAddress.canonical) else { return nil }
        var forwarded = request.headers[values: .forwardedFor].flatMap { $0.split(separator: ",") }
        while proxies.contains(address), let last = forwarded.popLast() {
            guard let next = IPAddress.canonical(String(last.filter { $0 != " " && $0 != "\t" })) else {
                return nil
            }
            address = next
        }
        return address
    }
}

extension HTTPField.Name {
    fileprivate static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
}
