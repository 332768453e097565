// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A server on loopback that answers from a list, and notes what it was asked; one that can be as broken as need be.
package final class StubHTTPServer: Sendable {
    package struct Route: Sendable, Decodable {
        package var method: String?
        package var path: String
        /// Nil: any query.
        package var query: String?
        package var status: Int?
        package var headers: [String: String]?
        package var body: String?
        package var hex: String?
        /// Sends only so many bytes of the body, though it announces all, and hangs up.
        package var truncate: Int?

        package init(
            method: String? = nil, path: String, status: Int? = nil, headers: [String: String]? = nil,
            body: String? = nil, truncate: Int? = nil
        ) {
            self.method = method
            self.path = path
            self.status = status
            self.headers = headers
            self.body = body
            self.truncate = truncate
        }

        /// In the body, `{port}` is the server's own.
        fileprivate func bytes(_ port: Int) -> [UInt8] {
            guard let hex else {
                return Array((body ?? "").replacingOccurrences(of: "{port}", with: String(port)).utf8)
            }
            return stride(from: 0, to: hex.utf8.count, by: 2).compactMap { place in
                UInt8(hex.dropFirst(place).prefix(2), radix: 16)
            }
        }
    }

    fileprivate struct State {
        var routes: [Route] = []
        var requests: [String] = []
        var wholeRequests: [String] = []
    }

    private let listener: LoopbackListener
    private let state: SharedState

    package var port: Int { listener.port }

    package init() throws {
        let state = SharedState()
        self.state = state
        listener = try LoopbackListener { connection in state.serve(connection) }
    }

    package func setRoutes(_ routes: [Route]) {
        state.value.withLock { $0 = State(routes: routes) }
    }

    /// `METHOD target` of each request, in order.
    package var requests: [String] { state.value.withLock { $0.requests } }

    /// The requests as they came: head, an empty line, and the body.
    package var wholeRequests: [String] { state.value.withLock { $0.wholeRequests } }
}

extension StubHTTPServer {
    /// What the server shares with the threads of its connections, which may outlive it.
    fileprivate final class SharedState: Sendable {
        let value = Mutex(State())
    }
}

extension StubHTTPServer.SharedState {
    fileprivate func serve(_ connection: Int32) {
        var reader = RequestReader(connection)
        // The port that the client came to.
        let port = Self.port(of: connection)
        while let head = reader.next() {
            let words = head.split(separator: " ", maxSplits: 2).map(String.init)
            guard words.count == 3 else { return }
            let body = reader.body
            let route = value.withLock { state in
                state.requests.append("\(words[0]) \(words[1])")
                state.wholeRequests.append(head + "\r\n\r\n" + String(decoding: body, as: UTF8.self))
                return Self.route(state.routes, words[0], words[1])
            }
            guard Self.answer(connection, port, words[0], route) else { return }
        }
    }

    private static func port(of connection: Int32) -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(connection, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func route(_ routes: [StubHTTPServer.Route], _ method: String, _ target: String)
        -> StubHTTPServer.Route
    {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let query = parts.count > 1 ? parts[1] : ""
        return routes.first { route in
            let wanted = route.method ?? "GET"
            return (wanted == "*" || wanted == method) && route.path == parts[0]
                && (route.query ?? query) == query
        } ?? StubHTTPServer.Route(path: "", status: 404)
    }

    private static func answer(
        _ connection: Int32, _ port: Int, _ method: String, _ route: StubHTTPServer.Route
    ) -> Bool {
        let body = route.bytes(port)
        var text = "HTTP/1.1 \(route.status ?? 200) Stub\r\nContent-Length: \(body.count)\r\n"
        for (name, value) in route.headers ?? [:] {
            text += "\(name): \(value.replacingOccurrences(of: "{port}", with: String(port)))\r\n"
        }
        var bytes = Array("\(text)\r\n".utf8)
        if method != "HEAD" { bytes += body.prefix(route.truncate ?? body.count) }
        let sent = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        return sent == bytes.count && route.truncate == nil
    }
}
