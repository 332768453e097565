// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Logging
import MetadataStore

/// A request's context: with the connection that it came by.
struct ServerContext: RequestContext {
    struct Source: RequestContextSource {
        let client: ClientConnection
        let logger: Logger
    }

    var coreContext: CoreRequestContextStorage
    let client: ClientConnection

    init(source: Source) {
        coreContext = .init(source: source)
        client = source.client
    }
}

/// Tells who asks, also through proxies.
struct ClientAddresses: Sendable {
    /// The addresses of proxies whose `X-Forwarded-For` is believed, as `IPAddress` writes them.
    let proxies: Set<String>

    /// Whoever comes by a unix socket, in the place of an address.
    static let unixSocket = "unix"

    /// The address that a request comes from: of the connection, or what the nearest proxy that is not ours was told by ours.
    func address(of request: some RequestHead, from client: ClientConnection) -> String? {
        guard var address = client.address else { return nil }
        var forwarded = request.values(of: .forwardedFor).flatMap { $0.split(separator: ",") }
        while proxies.contains(address), let last = forwarded.popLast() {
            guard let next = IPAddress.canonical(String(last.filter { $0 != " " && $0 != "\t" })) else {
                return nil
            }
            address = next
        }
        return address == Self.unixSocket ? nil : address
    }
}

extension HTTPField.Name {
    fileprivate static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
}
