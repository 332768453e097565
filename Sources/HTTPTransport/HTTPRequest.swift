// SPDX-License-Identifier: Apache-2.0

/// A request.
package struct HTTPRequest: Sendable {
    /// How a server is known to be the one that is meant, and we to it.
    package struct Trust: Sendable, Equatable {
        /// A file with the certificates (PEM) of the authorities to trust instead of the system's.
        package var authorities: String?
        /// A file with our certificate (PEM).
        package var certificate: String?
        /// A file with its private key (PEM); nil: it is in the file of the certificate.
        package var key: String?
        /// Whether the server has to show a certificate that is trusted and has its name.
        package var verifiesServer = true

        package init(
            authorities: String? = nil, certificate: String? = nil, key: String? = nil,
            verifiesServer: Bool = true
        ) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
            self.verifiesServer = verifiesServer
        }
    }

    package var method: String
    /// Absolute, `http` or `https`; user information in it becomes basic authentication.
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    /// For the connection.
    package var connectTimeout: Duration
    /// For the whole exchange, the connection included.
    package var timeout: Duration
    /// How many bytes the answer's body may have, decompressed.
    package var answerLimit: Int
    /// How many redirects are followed, none of them to another scheme; 0: a redirect is the answer.
    package var redirectLimit: Int
    package var trust: Trust

    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil, connectTimeout: Duration = .seconds(10), timeout: Duration = .seconds(10),
        answerLimit: Int = 16 << 20, redirectLimit: Int = 10, trust: Trust = Trust()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.answerLimit = answerLimit
        self.redirectLimit = redirectLimit
        self.trust = trust
    }
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

extension HTTPRequest {
    /// What of the request must not be told to anybody: the query and the user information of its URL.
    var secrets: [String] {
        let query = url.firstIndex(of: "?").map { url[url.index(after: $0)...] }
        let authority = url.firstRange(of: "://").map {
            url[$0.upperBound...].prefix { $0 != "/" && $0 != "?" }
        }
        let user = authority.flatMap { authority in authority.lastIndex(of: "@").map { authority[..<$0] } }
        return [query, user].compactMap { $0 }.filter { !$0.isEmpty }.map(String.init)
    }
}
