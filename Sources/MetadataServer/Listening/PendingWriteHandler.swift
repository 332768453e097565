// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Watches over what is written and not taken by the client yet, where that is more than the channel holds without a word (64 KiB) or the
/// connection is to be closed: a client that goes on to take it gets all, and one that has stopped is let go.
///
/// Within each `limit` a client has to take 32 KiB, or a quarter of what waits for it where that is less.
final class PendingWriteHandler: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private static let share = 32 << 10

    private let limit: TimeAmount
    /// In bytes, since the watch began, and what was pending then.
    private var written = 0
    private var timer: Scheduled<Void>?
    private var isClosing = false

    init(limit: TimeAmount) { self.limit = limit }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if timer != nil { written += unwrapOutboundIn(data).readableBytes }
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        if !context.channel.isWritable { watch(context) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, Self.pending(context) > 0 else {
            return context.close(mode: mode, promise: promise)
        }
        context.channel.closeFuture.cascade(to: promise)
        guard !isClosing else { return }
        isClosing = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        // Behind all that is to be written.
        let end = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: end)
        end.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        watch(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    private func watch(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        let before = Self.pending(context)
        guard before > 0 else { return }
        written = before
        let least = max(1, min(Self.share, before / 4))
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limit) {
            let (handler, context) = bound.value
            handler.timer = nil
            let rest = Self.pending(context)
            guard rest == 0 || handler.written - rest >= least else {
                return context.close(promise: nil)
            }
            handler.watch(context)
        }
    }

    /// In bytes.
    private static func pending(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
