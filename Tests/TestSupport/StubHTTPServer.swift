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

        fileprivate var bytes: [UInt8] {
            guard let hex else { return Array((body ?? "").utf8) }
            return stride(from: 0, to: hex.utf8.count, by: 2).compactMap { place in
                UInt8(hex.dropFirst(place).prefix(2), radix: 16)
            }
        }
    }

    private struct State {
        var routes: [Route] = []
        var requests: [String] = []
        var heads: [String] = []
    }

    package let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    package init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard bound else { throw ChildProcess.Failure(reason: "no port") }
        port = Int(UInt16(bigEndian: address.sin_port))
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, let self else { return }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                Thread.detachNewThread { self.serve(connection) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    package func setRoutes(_ routes: [Route]) {
        state.withLock { state in
            state.routes = routes
            state.requests = []
            state.heads = []
        }
    }

    /// `METHOD target` of each request, in order.
    package var requests: [String] { state.withLock { $0.requests } }

    /// The heads of the requests, as they came.
    package var heads: [String] { state.withLock { $0.heads } }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var pending: [UInt8] = []
        while let head = Self.readHead(connection, &pending) {
            let words = head.split(separator: " ", maxSplits: 2).map(String.init)
            guard words.count == 3 else { return }
            let route = state.withLock { state in
                state.requests.append("\(words[0]) \(words[1])")
                state.heads.append(head)
                return Self.route(state.routes, words[0], words[1])
            }
            guard answer(connection, words[0], route) else { return }
        }
    }

    private static func readHead(_ connection: Int32, _ pending: inout [UInt8]) -> String? {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = pending.firstRange(of: end) {
                let head = String(decoding: pending[..<range.lowerBound], as: UTF8.self)
                pending.removeSubrange(..<range.upperBound)
                return head
            }
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            pending += chunk[..<count]
        }
    }

    private static func route(_ routes: [Route], _ method: String, _ target: String) -> Route {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        let query = parts.count > 1 ? parts[1] : ""
        return routes.first { route in
            let wanted = route.method ?? "GET"
            return (wanted == "*" || wanted == method) && route.path == parts[0]
                && (route.query ?? query) == query
        } ?? Route(path: "", status: 404)
    }

    private func answer(_ connection: Int32, _ method: String, _ route: Route) -> Bool {
        let body = route.bytes
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
