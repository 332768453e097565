// SPDX-License-Identifier: Apache-2.0

/// When a request that brought nothing is sent again.
///
/// What may get better by itself is worth another try: no connection, none of an answer (but not when it took all its time), `429 Too Many Requests` and the
/// statuses from 500 (RFC 6585, RFC 9110).
package struct RetryPolicy: Sendable {
    /// How often the request is sent in all.
    package var attempts: Int
    /// The first pause; each further one is twice as long. A part of it is left to chance.
    package var firstPause: Duration
    /// The longest pause; a server that wants a longer one (`Retry-After`) is not asked again.
    package var longestPause: Duration

    package init(
        attempts: Int, firstPause: Duration = .milliseconds(200), longestPause: Duration = .seconds(2)
    ) {
        self.attempts = attempts
        self.firstPause = firstPause
        self.longestPause = longestPause
    }

    /// Sends `request` until it is answered or given up.
    ///
    /// - Parameter pause: waits; throws `CancellationError`.
    /// - Throws: `HTTPError`, `CancellationError`.
    package func send(
        _ request: HTTPRequest, over transport: any HTTPTransport, pause: (Duration) async throws -> Void
    ) async throws -> HTTPResponse {
        var attempt = 1
        while true {
            var wanted = pauseBefore(attempt)
            do {
                let response = try await transport.send(request)
                guard response.status == 429 || response.status >= 500, attempt < attempts else {
                    return response
                }
                if let asked = response.retryAfter { wanted = max(wanted, asked) }
                guard wanted <= longestPause else { return response }
            } catch let error as HTTPError {
                guard attempt < attempts, case .failed = error else { throw error }
            }
            try await pause(wanted)
            attempt += 1
        }
    }

    private func pauseBefore(_ attempt: Int) -> Duration {
        let pause = min(firstPause * (1 << min(attempt - 1, 16)), longestPause)
        return pause * Double.random(in: 0.5...1)
    }
}
