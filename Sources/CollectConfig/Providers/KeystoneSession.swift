// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTPTransport
import MetadataTree
import Synchronization

/// A login to an OpenStack cloud: a token, and the services that it is good for.
///
/// Source of the protocol: OpenStack Identity API v3, "Password authentication with scoped authorization".
final class KeystoneSession: Sendable {
    struct Credentials: Sendable, Equatable {
        var userID: String
        var password: String
        var projectID: String
        /// Version 2's URL will do: version 3's is found from it.
        var authURL: String
    }

    private let credentials: Credentials
    private let client: MetadataClient
    private let store: KeystoneTokenFile?
    /// How long a token is kept at most, in seconds.
    private let longestLife: Int
    /// Seconds since 1970.
    private let now: @Sendable () -> Int
    private let token = Mutex<KeystoneToken?>(nil)

    /// A token that is about to expire may do so on its way.
    private static let margin = 30

    init(
        _ credentials: Credentials, client: MetadataClient, store: KeystoneTokenFile?, longestLife: Int,
        now: @escaping @Sendable () -> Int = { time(nil) }
    ) {
        self.credentials = credentials
        self.client = client
        self.store = store
        self.longestLife = longestLife
        self.now = now
    }

    var projectID: String { credentials.projectID }

    /// Sends the request that `make` makes with a token; with a new one, once, when the token is refused.
    ///
    /// - Throws: `ProviderError.unavailable`, `CancellationError`.
    func answer(_ make: (KeystoneToken) throws -> HTTPRequest) async throws -> (HTTPRequest, HTTPResponse) {
        let (known, isNew) = try await current()
        let request = try make(known)
        let response = try await client.send(request)
        guard response.status == 401, !isNew else { return (request, response) }
        forget(known)
        let again = try make(try await current().token)
        return (again, try await client.send(again))
    }

    private func current() async throws -> (token: KeystoneToken, isNew: Bool) {
        let kept = token.withLock { $0 } ?? store?.read()
        if let kept, kept.expires > now() + Self.margin {
            token.withLock { $0 = kept }
            return (kept, false)
        }
        let new = try await logIn()
        token.withLock { $0 = new }
        store?.write(new)
        return (new, true)
    }

    private func forget(_ refused: KeystoneToken) {
        token.withLock { if $0?.id == refused.id { $0 = nil } }
        store?.remove()
    }

    // MARK: Logging in

    private func logIn() async throws -> KeystoneToken {
        let request = client.request(
            "POST", "\(try await identityURL())/auth/tokens",
            headers: [("Accept", "application/json"), ("Content-Type", "application/json")],
            body: JSONWriter.bytes(of: login), redirectLimit: 0)
        let response = try await client.send(request)
        guard response.status == 201 || response.status == 200, let id = response[header: "X-Subject-Token"]
        else {
            throw MetadataClient.refusal(request, response)
        }
        let document = try MetadataClient.document(request, response)
        guard let token = KeystoneToken(id: id, document, now: now(), longestLife: longestLife) else {
            throw ProviderError.unavailable("\(request.publicURL) gave no token that can be used")
        }
        return token
    }

    private var login: MetadataValue {
        func text(_ text: String) -> MetadataValue { MetadataValue(string: text) }
        func object(_ members: (String, MetadataValue)...) -> MetadataValue { JSONShape.object(members) }
        let user = object(("password", text(credentials.password)), ("id", text(credentials.userID)))
        let identity = object(
            ("methods", JSONShape.array([text("password")])), ("password", object(("user", user))))
        let scope = object(("project", object(("id", text(credentials.projectID)))))
        return object(("auth", object(("identity", identity), ("scope", scope))))
    }

    /// The URL of version 3: from the service's list of versions, or else by its usual path.
    private func identityURL() async throws -> String {
        let request = client.request(
            "GET", credentials.authURL.replacing("/v2.0", with: "/"),
            headers: [("Accept", "application/json")])
        guard let response = try? await client.send(request), response.status < 400,
            let document = try? MetadataClient.document(request, response)
        else {
            try Task.checkCancellation()
            return usualURL
        }
        guard let link = Self.versions(document).compactMap(Self.link).first(where: Self.isHTTP) else {
            return usualURL
        }
        let isSecure = credentials.authURL.lowercased().hasPrefix("https:")
        guard isSecure, link.lowercased().hasPrefix("http:") else { return Self.trimmed(link) }
        // A service behind a TLS proxy that does not know of it: the password is not sent in plain text.
        let (own, told) = (Self.parts(of: credentials.authURL), Self.parts(of: link))
        return Self.trimmed(own.origin + told.path)
    }

    /// Where version 3 usually is.
    private var usualURL: String {
        let url = Self.trimmed(credentials.authURL.replacing("/v2.0", with: "/v3"))
        return url.hasSuffix("/v3") ? url : "\(url)/v3"
    }

    private static func isHTTP(_ link: String) -> Bool {
        ["http://", "https://"].contains { link.lowercased().hasPrefix($0) }
    }

    /// Scheme and authority, and the path.
    private static func parts(of url: String) -> (origin: String, path: String) {
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let end = url[start...].firstIndex(of: "/") ?? url.endIndex
        return (String(url[..<end]), String(url[end...]))
    }

    private static func trimmed(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    private static func versions(_ document: MetadataValue) -> [MetadataValue] {
        let versions = document.object?["versions"]
        return versions?.object?["values"]?.array ?? versions?.array
            ?? document.object?["version"].map { [$0] } ?? []
    }

    /// Where a version is; nil for one before 3.
    private static func link(_ version: MetadataValue) -> String? {
        let id = version.object?["id"]?.string?.text ?? ""
        guard let major = id.drop(while: { $0 == "v" }).split(separator: ".").first.flatMap({ Int($0) }),
            major >= 3
        else { return nil }
        let links = version.object?["links"]?.array ?? []
        let own = links.first { $0.object?["rel"]?.string == "self" }
        return own?.object?["href"]?.string?.text
    }
}
