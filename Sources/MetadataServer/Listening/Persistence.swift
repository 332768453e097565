// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// Tells which request is the last one of a connection, and that nothing after it is read.
///
/// It is one of whoever wants no more of the connection (RFC 9112, 9.3), and one for another protocol: what follows that is no HTTP,
/// and its decoder would gather it without a bound.
struct Persistence {
    /// Whether the last request is being read, or was.
    private var isLast = false
    /// Whether the last request was read, or the connection is being closed: nobody would get more answers.
    private(set) var isOver = false

    /// The head as it is to be understood: one of a last request says `Connection: close` and nothing else of it.
    mutating func receive(_ head: HTTPRequestHead) -> HTTPRequestHead {
        let isOld = head.version == .http1_0
        isLast = !head.isKeepAlive || head.method == .CONNECT || head.headers.contains(name: "Upgrade")
        guard isOld || isLast else { return head }
        var head = head
        // Nothing that a client of before HTTP/1.1 may say (RFC 9110, 10.1.1).
        if isOld { head.headers.remove(name: "Expect") }
        if isLast { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        return head
    }

    /// A whole request was read.
    mutating func receiveEnd() { isOver = isOver || isLast }

    /// The connection is being closed.
    mutating func end() { isOver = true }
}
