// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Closes a connection whose client has stopped to read what it has asked for.
///
/// While more is to be written than is held for a client, it has to take some of it within each `limit`.
final class StalledWriteHandler: ChannelDuplexHandler {
    typealias InboundIn = Any
    typealias OutboundIn = Any

    /// What it has to take, in bytes: less than is held for it.
    private static let share = 32 << 10

    private let limit: TimeAmount
    private var timer: Scheduled<Void>?

    init(limit: TimeAmount) { self.limit = limit }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        if !context.channel.isWritable { watch(context, waiting: Self.waiting(context)) }
        context.fireChannelWritabilityChanged()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    private func watch(_ context: ChannelHandlerContext, waiting: Int) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: limit) {
            let (handler, context) = bound.value
            let rest = Self.waiting(context)
            guard waiting - rest >= Self.share else { return context.close(promise: nil) }
            handler.watch(context, waiting: rest)
        }
    }

    /// The bytes that are to be written.
    private static func waiting(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}
