// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import HummingbirdCore
import NIOCore

/// The body of a request whose client waits to be told that it is wanted (`Expect: 100-continue`; RFC 9110, 10.1.1): it is told when the body
/// is read, and never where a request is refused without that.
struct ExpectedBody: AsyncSequence, Sendable {
    /// Tells the connection that the body of the request at hand is wanted.
    struct IsWanted {}

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var body: HummingbirdCore.RequestBody.AsyncIterator
        /// Nil: it was told.
        fileprivate var channel: (any Channel)?

        // As the protocol, whose module does not keep functions on their caller.
        @concurrent mutating func next() async throws -> ByteBuffer? {
            channel?.triggerUserOutboundEvent(IsWanted(), promise: nil)
            channel = nil
            return try await body.next()
        }
    }

    /// Whether a client waits that has sent these values of `Expect`, with or without the white space behind them.
    static func isAwaited(_ values: [String]) -> Bool {
        values.contains { value in
            value.lowercased().split { $0 == " " || $0 == "\t" } == ["100-continue"]
        }
    }

    let body: HummingbirdCore.RequestBody
    let channel: any Channel

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), channel: channel)
    }
}
