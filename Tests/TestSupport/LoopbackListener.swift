// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A socket that listens on loopback, at a port that the kernel chose, and serves each connection in a thread of its own.
final class LoopbackListener: Sendable {
    let port: Int
    private let descriptor: Int32

    /// - Parameter serve: gets the connection, which is closed when it returns.
    init(serve: @escaping @Sendable (Int32) -> Void) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isBound else { throw ChildProcess.Failure(reason: "no port") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                Thread.detachNewThread {
                    serve(connection)
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}

/// Reads requests from a connection.
struct RequestReader {
    let connection: Int32
    private var pending: [UInt8] = []
    /// The body of the request whose head was read last.
    private(set) var body: [UInt8] = []

    init(_ connection: Int32) { self.connection = connection }

    /// The next head, without the empty line behind it; nil when the client has gone.
    mutating func next() -> String? {
        while true {
            if let range = pending.firstRange(of: Array("\r\n\r\n".utf8)) {
                let head = String(decoding: pending[..<range.lowerBound], as: UTF8.self)
                pending.removeSubrange(..<range.upperBound)
                return readBody(of: head) ? head : nil
            }
            guard receive() else { return nil }
        }
    }

    private mutating func readBody(of head: String) -> Bool {
        let lengths = head.split(separator: "\r\n").compactMap { line -> Int? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { return nil }
            return Int(parts[1].trimmingCharacters(in: .whitespaces))
        }
        let length = lengths.first ?? 0
        while pending.count < length {
            guard receive() else { return false }
        }
        body = Array(pending.prefix(length))
        pending.removeFirst(length)
        return true
    }

    private mutating func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(connection, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        pending += chunk[..<count]
        return true
    }
}
