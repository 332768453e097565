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
    package var publicURL: String { Self.publicURL(of: url) }

    /// A URL, or what was meant for one, without what may be secret in it: user information and query.
    package static func publicURL(of text: String) -> String {
        let (scheme, rest) = parts(of: text)
        let bare = rest.prefix { $0 != "?" && $0 != "#" }
        return scheme + String(bare)
    }

    /// The scheme with its `://`, and what follows the user information. A password may hold what ends an authority.
    private static func parts(of text: String) -> (scheme: String, rest: Substring) {
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        let rest = text[start...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let port = authority.lastIndex(of: ":").map { authority[authority.index(after: $0)...] } ?? ""
        let isPlain = !authority.contains("@") && (port.allSatisfy(\.isNumber) || authority.hasSuffix("]"))
        guard !isPlain else { return (String(text[..<start]), rest) }
        guard let at = rest.lastIndex(of: "@") else { return (String(text[..<start]), "") }
        let isInAuthority = authority.contains("@")
        let end = isInAuthority ? authority.lastIndex(of: "@") ?? at : at
        return (String(text[..<start]), rest[rest.index(after: end)...])
    }

    /// What of the request must not be told to anybody: the query and the user information of its URL.
    var secrets: [String] {
        let (scheme, rest) = Self.parts(of: url)
        let query = rest.firstIndex(of: "?").map { rest[rest.index(after: $0)...] }
        let user = url.dropFirst(scheme.count).dropLast(rest.count).dropLast()
        return [query, user].compactMap { $0 }.filter { !$0.isEmpty }.map(String.init)
    }
}
