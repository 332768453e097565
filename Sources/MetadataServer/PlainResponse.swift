// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataTree
import NIOCore

/// Answers that are kept by nobody on their way.
enum PlainResponse {
    static func text(
        _ status: HTTPResponse.Status, _ text: String, type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    static func json(
        _ status: HTTPResponse.Status, _ value: MetadataValue, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.cacheControl] = "no-store"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONShape.line(value))))
    }
}

/// The body of a request.
enum RequestBody {
    /// How long a body may take, in seconds, however it trickles in.
    static let timeLimit = 30

    /// - Throws: `HTTPError` 413 when it is longer than `limit` bytes, 408 when it takes too long.
    static func bytes(of request: Request, limit: Int) async throws -> [UInt8] {
        let length = request.headers[.contentLength].flatMap { Int($0) }
        if let length, length > limit { throw HTTPError(.contentTooLarge) }
        if length == 0 { return [] }
        return try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                var request = request
                return Array(try await request.collectBody(upTo: limit).readableBytesView)
            }
            group.addTask {
                try await Task.sleep(for: .seconds(timeLimit))
                throw HTTPError(.requestTimeout)
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }
}
