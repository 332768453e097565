// SPDX-License-Identifier: Apache-2.0

package struct HTTPResponse: Sendable {
    package var status: Int
    /// Of the last answer, redirects followed; in order.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The value of the last header `name`, in any case.
    package subscript(header name: String) -> String? {
        headers.last { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// Why a request brought no whole answer. No description holds the request's URL, which may carry a secret.
package enum HTTPError: Error, Equatable, CustomStringConvertible {
    case unavailable(String)
    /// The transfer failed: refused, cut short, too large.
    case failed(String)
    /// There was no whole answer within the time limit.
    case timedOut

    package var description: String {
        switch self {
        case .unavailable(let reason): "no HTTP client: \(reason)"
        case .failed(let reason): reason
        case .timedOut: "no whole answer in time"
        }
    }
}

extension HTTPResponse {
    /// How long the server wants to be left alone, in seconds; nil when it does not say so, or names a date.
    package var retryAfter: Duration? {
        self[header: "Retry-After"].flatMap { UInt32($0) }.map { .seconds($0) }
    }
}
