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
    /// - Throws: `HTTPError` 413 when it is longer than `limit` bytes.
    static func bytes(of request: Request, limit: Int) async throws -> [UInt8] {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw HTTPError(.contentTooLarge)
        }
        var request = request
        let buffer = try await request.collectBody(upTo: limit)
        return Array(buffer.readableBytesView)
    }
}
