// SPDX-License-Identifier: Apache-2.0

/// A request with no body.
package struct HTTPRequest: Sendable {
    package var method: String
    /// Absolute, `http` or `https`; user information in it becomes basic authentication.
    package var url: String
    package var headers: [(name: String, value: String)]
    /// For the connection.
    package var connectTimeout: Duration
    /// For the whole exchange, the connection included.
    package var timeout: Duration
    /// How many bytes the answer's body may have.
    package var answerLimit: Int
    /// A file with the certificates of the authorities to trust instead of the system's.
    package var authorities: String?

    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [],
        connectTimeout: Duration = .seconds(10), timeout: Duration = .seconds(10),
        answerLimit: Int = 16 << 20, authorities: String? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.answerLimit = answerLimit
        self.authorities = authorities
    }
}

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
    /// The transfer failed: refused, timed out, cut short, too large.
    case failed(String)

    package var description: String {
        switch self {
        case .unavailable(let reason): "no HTTP client: \(reason)"
        case .failed(let reason): reason
        }
    }
}

/// Sends requests.
package protocol HTTPTransport: Sendable {
    /// The whole answer, whatever its status; redirects are followed.
    ///
    /// - Throws: `HTTPError`, `CancellationError`.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse
}

extension HTTPRequest {
    /// The URL without user information and query, for people.
    package var publicURL: String {
        let bare = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = bare.firstRange(of: "://") else { return String(bare) }
        let rest = bare[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return String(bare) }
        return String(bare[..<scheme.upperBound]) + String(rest[rest.index(after: at)...])
    }
}
