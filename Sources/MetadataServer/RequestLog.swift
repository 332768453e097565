// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Logging

/// Logs each request by method, path and status; the query, which may carry a signature, is left out.
struct RequestLog: RouterMiddleware {
    let logger: Logger

    // As the protocol, whose module does not keep functions on their caller.
    @concurrent func handle(
        _ request: Request, context: ServerContext,
        next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        logger.info("\(request.method.rawValue) \(request.uri.path) \(response.status.code)")
        return response
    }
}
