// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
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
    /// The addresses of proxies whose `X-Forwarded-For` is believed, as `canonical` writes them.
    let proxies: Set<String>

    /// The address that a request comes from: of the connection, or what the nearest proxy that is not ours was told by ours.
    func address(of request: Request, _ context: ServerContext) -> String? {
        guard var address = context.remoteAddress?.ipAddress.flatMap(Self.canonical) else { return nil }
        var forwarded = request.headers[values: .forwardedFor].flatMap { $0.split(separator: ",") }
        while proxies.contains(address), let last = forwarded.popLast() {
            guard let next = Self.canonical(String(last.filter { $0 != " " && $0 != "\t" })) else {
                return nil
            }
            address = next
        }
        return address
    }

    /// An IP address in the one way in which it is written here; nil when the text is none.
    static func canonical(_ text: String) -> String? {
        let mapped = "::ffff:"
        guard let address = try? SocketAddress(ipAddress: text, port: 0).ipAddress else { return nil }
        return address.hasPrefix(mapped) && address.contains(".")
            ? String(address.dropFirst(mapped.count)) : address
    }
}

extension HTTPField.Name {
    fileprivate static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
}
