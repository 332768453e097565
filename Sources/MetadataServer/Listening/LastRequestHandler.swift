// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// Tells which request is the last one of a connection, with the header `Connection: close` and no other, and reads nothing after it.
///
/// It is one of whoever does not ask for the connection to stay (RFC 9112, 9.3), and one for another protocol: what follows that is no HTTP,
/// and its decoder would gather it without a bound. Of a connection that is being closed no more requests are read either: nobody would get
/// their answers.
final class LastRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart

    private enum State {
        case open
        /// The last request is being read.
        case last
        case over
    }

    private var state = State.open

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .over = state { return }
        switch unwrapInboundIn(data) {
        case .head(var head) where head.version == .http1_0 || Self.isLast(head):
            // Nothing that a client of before HTTP/1.1 may say (RFC 9110, 10.1.1).
            if head.version == .http1_0 { head.headers.remove(name: "Expect") }
            if Self.isLast(head) {
                state = .last
                head.headers.replaceOrAdd(name: "Connection", value: "close")
            }
            return context.fireChannelRead(wrapInboundOut(.head(head)))
        case .end:
            if case .last = state { state = .over }
        case .head, .body: break
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What follows the last request is not to be answered.
        if case .over = state { return }
        context.fireErrorCaught(error)
    }

    func read(context: ChannelHandlerContext) {
        if case .over = state { return }
        context.read()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all { state = .over }
        context.close(mode: mode, promise: promise)
    }

    private static func isLast(_ head: HTTPRequestHead) -> Bool {
        !head.isKeepAlive || head.method == .CONNECT || head.headers.contains(name: "Upgrade")
    }
}
