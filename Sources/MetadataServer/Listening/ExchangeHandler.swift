// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import NIOCore
import NIOHTTP1

/// Takes the requests of a connection with their answers one after the other: a client that asks for much in one go gets one answer made after
/// the other, and none while it does not take those before.
///
/// Requests whose answer is ready are answered on the thread that has read them, in bytes that are ready too; the others are handed on.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        /// Between requests.
        case idle
        /// A request with this answer is being read.
        case answering(ReadyAnswer)
        /// A request is being handed on; whether it has its whole answer already.
        case handingOn(isAnswered: Bool)
        /// A request, or what cannot be read as one, was handed on and has no whole answer yet.
        case waiting
    }

    private enum Event {
        case part(HTTPServerRequestPart)
        case error(any Error)
    }

    /// More is not gathered before it is sent off: from then on it counts as what the client does not take.
    private static let batch = 32 << 10

    private let idleLimit: TimeAmount
    private let date: ResponseDate
    private let answer: (HTTPRequestHead) -> ReadyAnswer?
    /// That of the encoder, by which bytes are written that need none. Nil: this was taken out of the pipeline.
    private var encoder: ChannelHandlerContext?
    private var idleTimer: Scheduled<Void>?
    /// When something was read, or an answer ended.
    private var lastActivity = NIODeadline.now()
    /// Ends the connection of whoever has an answer and goes on with his request.
    private var restTimer: Scheduled<Void>?
    private var state = State.idle
    private var persistence = Persistence()
    /// Whether the client waits to be told that the body of the request at hand is wanted.
    private var awaitsBody = false
    /// Whether the connection ends with the request at hand, which did not say so.
    private var isLast = false
    /// Whether the connection ends when the requests that have come are answered.
    private var isQuiescing = false
    /// What has come while a request waits. No more is read meanwhile.
    private var later = CircularBuffer<Event>(initialCapacity: 1)
    private var wantsRead = false
    /// Whether something was handed on since all that was there was read.
    private var hasHandedOn = false
    /// What was written and not sent off yet, in bytes; nil: nothing.
    private var unsent: Int?

    /// - Parameters:
    ///   - encoder: its context in the same pipeline, nearer to the socket.
    ///   - idleLimit: how long a connection may be without a whole header or the next piece of a body, and how long the rest of a request may
    ///     take whose answer is written already.
    ///   - answer: nil: it is not ready.
    init(
        encoder: ChannelHandlerContext, idleLimit: TimeAmount, date: ResponseDate,
        _ answer: @escaping (HTTPRequestHead) -> ReadyAnswer?
    ) {
        self.encoder = encoder
        self.idleLimit = idleLimit
        self.date = date
        self.answer = answer
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { watch(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        encoder = nil
        idleTimer?.cancel()
        restTimer?.cancel()
    }

    // MARK: The connection

    func channelActive(context: ChannelHandlerContext) {
        watch(context)
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        isQuiescing = true
        endIfQuiescing(context)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .all { persistence.end() }
        context.close(mode: mode, promise: promise)
    }

    /// Ends the connection when nothing has happened for too long.
    private func watch(_ context: ChannelHandlerContext) {
        guard idleTimer == nil else { return }
        lastActivity = .now()
        schedule(context, at: lastActivity + idleLimit)
    }

    private func schedule(_ context: ChannelHandlerContext, at deadline: NIODeadline) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        idleTimer = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            if handler.clientIsWaiting { handler.lastActivity = .now() }
            let end = handler.lastActivity + handler.idleLimit
            guard end > .now() else { return handler.end(context) }
            handler.schedule(context, at: end)
        }
    }

    /// Whether the client can do nothing but wait for an answer.
    private var clientIsWaiting: Bool {
        switch state {
        case .waiting: true
        case .handingOn(let isAnswered): awaitsBody && !isAnswered
        case .idle, .answering: false
        }
    }

    private func endIfQuiescing(_ context: ChannelHandlerContext) {
        guard isQuiescing, later.isEmpty else { return }
        switch state {
        case .idle:
            context.flush()
            end(context)
        // He reads when he has sent all; the rest has a limit of its own.
        case .handingOn(isAnswered: true): isLast = true
        case .answering, .handingOn, .waiting: break
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        persistence.end()
        context.close(promise: nil)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !persistence.isOver else { return }
        lastActivity = .now()
        var part = unwrapInboundIn(data)
        switch part {
        case .head(let head): part = .head(persistence.receive(head))
        case .end: persistence.receiveEnd()
        case .body: break
        }
        take(.part(part), context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What follows the last request is not to be answered.
        guard !persistence.isOver else { return }
        take(.error(error), context)
        // Nothing more can be read, and an error may come twice: what is not to be answered is not waited for.
        persistence.end()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        send(context)
        if hasHandedOn {
            hasHandedOn = false
            context.fireChannelReadComplete()
        }
        // Whoever has answered need not ask for the rest.
        if case .handingOn(isAnswered: true) = state { read(context: context) }
    }

    func read(context: ChannelHandlerContext) {
        if persistence.isOver { return }
        // Of who is to go nothing more is taken, but for the rest of what has come.
        let isToGo = if isQuiescing, case .waiting = state { true } else { false }
        guard later.isEmpty, !isToGo else {
            wantsRead = true
            return
        }
        context.read()
    }

    private func take(_ event: Event, _ context: ChannelHandlerContext) {
        if case .waiting = state { return later.append(event) }
        // In the middle of those that have come before.
        guard later.isEmpty else { return later.append(event) }
        handle(event, context)
    }

    private func handle(_ event: Event, _ context: ChannelHandlerContext) {
        switch event {
        case .part(let part): handle(part, context)
        case .error(let error):
            // The rest of a request that has its answer gets no other.
            if case .handingOn(isAnswered: true) = state { return end(context) }
            // It has an answer as a request has one.
            if case .idle = state { state = .waiting }
            context.fireErrorCaught(error)
        }
    }

    private func handle(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), _):
            if context.channel.isWritable, let ready = answer(head) {
                state = .answering(ready)
                return
            }
            state = .handingOn(isAnswered: false)
            awaitsBody = ExpectedBody.isAwaited(head.headers[HTTPField.Name.expect.rawName])
        case (.end, .answering(let ready)):
            state = .idle
            write(ready, context)
            return endIfQuiescing(context)
        case (.end, .handingOn(isAnswered: true)) where isLast:
            return end(context)
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
        hasHandedOn = true
        context.fireChannelRead(wrapInboundOut(part))
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        // A second answer to the same request, as the rest of it could not be read: the client would take it for that to its next one.
        if case .handingOn(isAnswered: true) = state {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return end(context)
        }
        if awaitsBody, case .handingOn(isAnswered: false) = state, case .head(var head) = part {
            // Whether the body comes now, nobody knows: what follows is not to be taken for it.
            isLast = true
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        }
        context.write(data, promise: promise)
        guard case .end = part else { return }
        lastActivity = .now()
        switch state {
        case .waiting:
            state = .idle
            goOn(context)
        case .handingOn:
            state = .handingOn(isAnswered: true)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            restTimer = context.eventLoop.scheduleTask(in: idleLimit) { bound.value.0.end(bound.value.1) }
            read(context: context)
        case .idle, .answering: break
        }
        endIfQuiescing(context)
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
        lastActivity = .now()
        let wanted = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(wanted)), promise: nil)
    }

    /// With what has come meanwhile.
    private func goOn(_ context: ChannelHandlerContext) {
        guard !later.isEmpty else { return }
        defer { if later.isEmpty { later.removeAll() } }
        loop: while let event = later.popFirst() {
            handle(event, context)
            if case .waiting = state { break loop }
        }
        send(context)
        hasHandedOn = false
        context.fireChannelReadComplete()
        guard later.isEmpty, wantsRead else { return }
        wantsRead = false
        read(context: context)
    }

    private func write(_ answer: ReadyAnswer, _ context: ChannelHandlerContext) {
        var size = unsent ?? 0
        answer.encode(date: date.now) { bytes in
            size += bytes.readableBytes
            encoder?.write(NIOAny(IOData.byteBuffer(bytes)), promise: nil)
        }
        unsent = size
        if size > Self.batch { send(context) }
    }

    private func send(_ context: ChannelHandlerContext) {
        guard unsent != nil else { return }
        unsent = nil
        context.flush()
    }
}
