// SPDX-License-Identifier: Apache-2.0

/// Sends requests.
package protocol HTTPTransport: Sendable {
    /// The whole answer, whatever its status; redirects are followed.
    ///
    /// - Throws: `HTTPError`, `CancellationError`.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}
