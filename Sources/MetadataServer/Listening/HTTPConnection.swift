// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Synchronization

/// What answers requests.
protocol HTTPAnswers: Sendable {
    /// The answer, where there is one without waiting for anything; nil: `answer` has to make it.
    func ready(_ request: PlainRequest, from client: ClientConnection) -> ReadyAnswer?

    func answer(_ request: Request, from client: ClientConnection) async throws -> Response
}

/// What happens on each connection: HTTP/1.1 (RFC 9112) is read and written by NIO, its requests are answered one after the other by
/// Hummingbird's channel, but those whose answer is ready, which no task has to be woken for.
struct HTTPConnection: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let client: ClientConnection
        let requests: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

        var channel: any Channel { client.channel }
    }

    let usesTLS: Bool
    let limits: HTTPListener.Limits
    let answers: any HTTPAnswers
    let date: ResponseDate

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let client = ClientConnection(channel)
            var decoding = NIOHTTPDecoderLimitConfiguration()
            decoding.maxHeaderFieldSize = limits.header
            decoding.maxHeaderListSize = limits.header
            decoding.maxHeaderFieldCount = 200
            let pipeline = channel.pipeline.syncOperations
            let idle = TimeAmount.seconds(Int64(limits.idle))
            // Before TLS: it sees what the client takes, and what TLS would cut.
            try pipeline.addHandler(PendingWriteHandler(limit: idle), position: .first)
            let encoder = HTTPResponseEncoder()
            try pipeline.addHandler(encoder)
            try pipeline.addHandler(
                ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoding)))
            try pipeline.addHandler(
                ExchangeHandler(
                    encoder: try pipeline.context(handler: encoder), idleLimit: idle, date: date
                ) { [usesTLS, answers] head in
                    PlainRequest(head, isSecure: usesTLS).flatMap { answers.ready($0, from: client) }
                })
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: usesTLS))
            let requests = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true))
            return Value(client: client, requests: requests)
        }
    }

    func handle(value: Value, logger: Logger) async {
        let channel = HTTP1Channel(responder: { request, writer, channel in
            var request = request
            if ExpectedBody.isAwaited(request.head.values(of: .expect)) {
                request.body = HummingbirdCore.RequestBody(
                    asyncSequence: ExpectedBody(body: request.body, channel: channel))
            }
            var response = try await answers.answer(request, from: value.client)
            response.headers[.date] = date.now
            if request.headers[.connection] == "close" { response.headers[.connection] = "close" }
            try await writer.write(response: response.head, body: response.body)
        })
        await channel.handle(value: value.requests, logger: logger)
    }
}

/// The header `Date`, made once a second.
final class ResponseDate: Sendable {
    private let state = Mutex((second: 0, text: ""))

    var now: String {
        let second = HTTPDate.now
        return state.withLock { state in
            if state.second != second { state = (second, HTTPDate.text(second)) }
            return state.text
        }
    }
}
