// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers requests whose answer is ready on the thread that has read them, and hands the others on, one at a time: a client that asks for
/// much in one go gets one answer made after the other, and none while it does not take those before.
final class ReadyAnswerHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        /// Between requests.
        case idle
        /// A request with this answer is being read.
        case answering(ReadyAnswer)
        /// A request is being handed on; whether it has its whole answer already.
        case handingOn(isAnswered: Bool)
        /// A request was handed on and has no whole answer yet.
        case waiting
    }

    private enum Event {
        case part(HTTPRequestPart)
        case error(any Error)
    }

    /// More is not gathered before it is sent off: from then on it counts as what the client does not take.
    private static let batch = 32 << 10

    private let answer: (HTTPRequest) -> ReadyAnswer?
    private let restLimit: TimeAmount
    /// Ends the connection of whoever has an answer and goes on with his request.
    private var restTimer: Scheduled<Void>?
    private var state = State.idle
    /// Whether the client waits to be told that the body of the request at hand is wanted.
    private var awaitsBody = false
    /// Whether nothing is read after the request at hand: its answer says that the connection ends.
    private var isLast = false
    /// What has come while a request waits. No more is read meanwhile.
    private var later = CircularBuffer<Event>()
    private var wantsRead = false
    /// What was written and not sent off yet, in bytes of bodies; nil: nothing.
    private var unsent: Int?

    /// - Parameters:
    ///   - restLimit: how long the rest of a request may take whose answer is written already.
    ///   - answer: nil: it is not ready. Only requests without a body are asked for.
    init(restLimit: TimeAmount, _ answer: @escaping (HTTPRequest) -> ReadyAnswer?) {
        self.restLimit = restLimit
        self.answer = answer
    }

    func handlerRemoved(context: ChannelHandlerContext) { restTimer?.cancel() }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        take(.part(unwrapInboundIn(data)), context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { take(.error(error), context) }

    func channelReadComplete(context: ChannelHandlerContext) {
        send(context)
        context.fireChannelReadComplete()
        // Whoever has answered need not ask for the rest.
        if case .handingOn(isAnswered: true) = state { context.read() }
    }

    func read(context: ChannelHandlerContext) {
        guard later.isEmpty else {
            wantsRead = true
            return
        }
        context.read()
    }

    private func take(_ event: Event, _ context: ChannelHandlerContext) {
        if case .waiting = state { return later.append(event) }
        guard later.isEmpty else { return later.append(event) }
        handle(event, context)
    }

    private func handle(_ event: Event, _ context: ChannelHandlerContext) {
        guard case .part(let part) = event else {
            // The rest of a request that has its answer gets no other.
            if case .handingOn(isAnswered: true) = state { return context.close(promise: nil) }
            if case .error(let error) = event { context.fireErrorCaught(error) }
            return
        }
        switch (part, state) {
        case (.head(let head), _):
            if context.channel.isWritable, Self.isPlain(head), let ready = answer(head) {
                state = .answering(ready)
                return
            }
            state = .handingOn(isAnswered: false)
            awaitsBody = ExpectedBody.isAwaited(by: head)
        case (.end, .answering(let ready)):
            state = .idle
            return write(ready, context)
        case (.end, .handingOn(isAnswered: true)) where isLast:
            return context.close(promise: nil)
        case (.end, .handingOn(let isAnswered)):
            awaitsBody = false
            state = isAnswered ? .idle : .waiting
            restTimer?.cancel()
            restTimer = nil
        // To nobody who would read it: it would stand in the way of what is behind it.
        case (.body, .answering), (.body, .handingOn(isAnswered: true)): return
        case (.body, _): awaitsBody = false
        default: break
        }
        context.fireChannelRead(wrapInboundOut(part))
    }

    /// Whether it has no body, and nothing to say about the connection.
    private static func isPlain(_ head: HTTPRequest) -> Bool {
        !head.headerFields.contains { field in
            switch field.name {
            case .contentLength, .transferEncoding, .connection, .expect, .upgrade: true
            default: false
            }
        }
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        if awaitsBody, case .handingOn(isAnswered: false) = state, case .head(var head) = part {
            // Whether the body comes now, nobody knows: what follows is not to be taken for it.
            isLast = true
            head.headerFields[.connection] = "close"
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        }
        context.write(data, promise: promise)
        guard case .end = part else { return }
        switch state {
        case .waiting:
            state = .idle
            goOn(context)
        case .handingOn:
            state = .handingOn(isAnswered: true)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            restTimer = context.eventLoop.scheduleTask(in: restLimit) { bound.value.close(promise: nil) }
            context.read()
        // To what could not be read as a request.
        case .idle, .answering: break
        }
    }

    func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard event is ExpectedBody.IsWanted else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        promise?.succeed()
        // Whoever has sent it all, or has his answer, does not wait for it.
        guard awaitsBody, case .handingOn(isAnswered: false) = state else { return }
        awaitsBody = false
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    /// With what has come meanwhile.
    private func goOn(_ context: ChannelHandlerContext) {
        guard !later.isEmpty else { return }
        loop: while let event = later.popFirst() {
            handle(event, context)
            if case .waiting = state { break loop }
        }
        send(context)
        context.fireChannelReadComplete()
        guard later.isEmpty, wantsRead else { return }
        wantsRead = false
        context.read()
    }

    private func write(_ answer: ReadyAnswer, _ context: ChannelHandlerContext) {
        let head = HTTPResponse(status: answer.status, headerFields: answer.headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body = answer.body { context.write(wrapOutboundOut(.body(body)), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        let size = (unsent ?? 0) + (answer.body?.readableBytes ?? 0)
        unsent = size
        if size > Self.batch { send(context) }
    }

    private func send(_ context: ChannelHandlerContext) {
        guard unsent != nil else { return }
        unsent = nil
        context.flush()
    }
}
