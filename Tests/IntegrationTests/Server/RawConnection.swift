// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// A connection on which bytes are sent as they are, and answers read.
final class RawConnection {
    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: String
    }

    private let descriptor: Int32
    private var unread: [UInt8] = []

    /// - Parameter limit: how long a read or a write may take, in seconds.
    init(port: Int, limit: Double = 30) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var patience = timeval(
            tv_sec: Int(limit), tv_usec: Int((limit - limit.rounded(.down)) * 1_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw ChildProcess.Failure(reason: "connect: \(errno)") }
    }

    deinit { close(descriptor) }

    /// False: the other side is gone.
    @discardableResult
    func send(_ text: String) -> Bool { send(bytes: Array(text.utf8)) }

    @discardableResult
    func send(bytes: [UInt8]) -> Bool {
        Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Nil: the other side has closed, or has not answered in time.
    func answer() -> Answer? {
        guard let head = line(until: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = head.components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while unread.count < length { guard fill() else { return nil } }
        let body = String(decoding: unread.prefix(length), as: UTF8.self)
        unread.removeFirst(length)
        return Answer(status: status, headers: headers, body: body)
    }

    func ask(_ method: String, _ path: String, _ headers: [String] = [], body: String? = nil) -> Answer? {
        let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
        let lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1"] + headers + length
        guard send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")) else { return nil }
        return answer()
    }

    /// A request, to be sent with others.
    static func get(_ path: String, _ headers: String...) -> String {
        "GET \(path) HTTP/1.1\r\n\((["Host: 127.0.0.1"] + headers).joined(separator: "\r\n"))\r\n\r\n"
    }

    /// Whether the other side has closed the connection, within the limit.
    func isClosed() -> Bool {
        while true {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return true }
            if count < 0 { return false }
        }
    }

    private func line(until end: [UInt8]) -> String? {
        while true {
            if let place = unread.indices.first(where: { unread[$0...].starts(with: end) }) {
                defer { unread.removeFirst(place + end.count) }
                return String(decoding: unread[..<place], as: UTF8.self)
            }
            guard fill() else { return nil }
        }
    }

    private func fill() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        unread += bytes[..<count]
        return true
    }
}
