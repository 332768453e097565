// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore

/// The answer to a signal.
enum SignalAnswer {
    /// - Parameter body: what is answered when it was taken.
    static func of(
        _ status: HTTPResponse.Status, _ request: Request, json: String? = nil,
        _ take: ([UInt8]) async throws -> Void
    ) async throws -> Response {
        let body = try await RequestBody.bytes(of: request, limit: SignalIntake.sizeLimit)
        do {
            try await take(body)
        } catch let error as SignalError {
            return PlainResponse.text(.badRequest, "\(error)\n")
        } catch StoreError.conflict {
            // The node went while it was telling.
            return PlainResponse.text(.notFound, "there is no such node\n")
        }
        return json.map { PlainResponse.text(status, $0, type: "application/json") }
            ?? PlainResponse.text(status, "")
    }
}
