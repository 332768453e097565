// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

/// A whole answer that nothing has to be waited for.
struct ReadyAnswer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    /// Nil: it has none, as an answer to HEAD.
    var body: ByteBuffer?

    var response: Response {
        var response = Response(status: status, headers: headers)
        if let body { response.body = ResponseBody(byteBuffer: body) }
        // That of the body that is not there, or none where there never is one.
        response.headers[.contentLength] = headers[.contentLength]
        return response
    }
}
