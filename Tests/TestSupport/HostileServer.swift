// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A server on loopback that answers every request with the same steps, however wrong these are.
package final class HostileServer: Sendable {
    package enum Step: Sendable {
        case send([UInt8])
        /// Again and again, until the client has had enough.
        case endlessly([UInt8])
        /// A byte at a time, with a pause behind each.
        case trickle([UInt8])
        /// Nothing, until the client goes.
        case hang
        /// Ends the connection as a crashed peer does (RST).
        case reset

        /// Text as it is.
        package static func text(_ text: String) -> Step { .send(Array(text.utf8)) }

        /// A whole answer.
        package static func answer(
            _ status: String = "200 OK", _ headers: [String] = [], _ body: String = ""
        ) -> Step {
            let head = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)", "Connection: close"]
            return .text((head + headers).joined(separator: "\r\n") + "\r\n\r\n" + body)
        }
    }

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    private struct State {
        var answer: @Sendable (_ head: String, _ target: String) -> [Step]? = { _, _ in nil }
        var requests = 0
    }

    private let listener: LoopbackListener
    private let state: SharedState

    package var port: Int { listener.port }

    /// - Parameter answer: the steps for a request's head and target; nil: 404.
    package convenience init(
        _ answer: @escaping @Sendable (_ head: String, _ target: String) -> [Step]?
    ) throws {
        try self.init()
        state.value.withLock { $0.answer = answer }
    }

    package init() throws {
        let state = SharedState()
        self.state = state
        listener = try LoopbackListener { connection in
            var reader = RequestReader(connection)
            guard let head = reader.next() else { return }
            let answer = state.value.withLock { state in
                state.requests += 1
                return state.answer
            }
            let steps = answer(head, head.split(separator: " ").dropFirst().first.map(String.init) ?? "")
            for step in steps ?? [.answer("404 Not Found")] {
                guard step.take(on: connection) else { return }
            }
            // What the client still sends is read, so that no reset takes back what it has not read yet.
            shutdown(connection, Int32(SHUT_WR))
            while reader.next() != nil {}
        }
    }

    /// Answers with these steps from now on.
    package func serve(_ steps: [Step]) { serve([("", steps)]) }

    /// Answers a request with the first steps whose path its own begins with.
    package func serve(_ answers: [(path: String, steps: [Step])]) {
        state.value.withLock { state in
            state.answer = { _, target in answers.first { target.hasPrefix($0.path) }?.steps }
            state.requests = 0
        }
    }

    /// How many requests have come since it was last told what to answer.
    package var requests: Int { state.value.withLock { $0.requests } }
}

extension HostileServer.Step {
    /// How long a byte takes that trickles.
    private static let pause: Int32 = 50
    /// `POLLRDHUP`, which glibc has for its own extensions only.
    private static let peerIsGone: Int16 = 0x2000

    /// False when the connection has come to its end.
    fileprivate func take(on connection: Int32) -> Bool {
        switch self {
        case .send(let bytes): return Self.send(bytes, connection)
        case .endlessly(let bytes):
            while Self.send(bytes, connection) {}
            return false
        case .trickle(let bytes):
            return bytes.allSatisfy { Self.send([$0], connection) && !Self.hasGone(connection, Self.pause) }
        case .hang:
            while !Self.hasGone(connection, -1) {}
            return false
        case .reset:
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            return false
        }
    }

    private static func send(_ bytes: [UInt8], _ connection: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    /// Waits so many milliseconds for the client to go.
    private static func hasGone(_ connection: Int32, _ milliseconds: Int32) -> Bool {
        var state = pollfd(fd: connection, events: peerIsGone, revents: 0)
        return poll(&state, 1, milliseconds) > 0
    }
}
