// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A connection to a server of ours, on loopback.
struct Loopback {
    let descriptor: Int32

    init(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let descriptor = descriptor
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func send(_ text: String) { _ = text.withCString { write(descriptor, $0, strlen($0)) } }

    /// What there is of an answer, once there is something, within ten seconds.
    func receive() -> String {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, 10_000) == 1 else { return "" }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
}

/// One that changes nodes.
struct AdminConnection {
    private let connection: Loopback
    private let token: String

    init(port: Int, store: String) {
        connection = Loopback(port: port)
        let text = FileManager.default.contents(atPath: "\(store)/admin-token") ?? Data()
        token = String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    func put(_ node: String, _ metadata: String, token: String) {
        let body = #"{"metadata": \#(metadata), "credentials": {"request": {"token": "\#(token)"}}}"#
        connection.send(
            "PUT /admin/v1/nodes/\(node) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(self.token)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        _ = connection.receive()
    }

    var waitingRequests: Int? {
        connection.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        let lines = connection.receive().split(separator: "\n")
        return lines.first { $0.hasPrefix("os_metadata_server_waiting_requests ") }
            .flatMap { Int($0.split(separator: " ")[1]) }
    }
}
