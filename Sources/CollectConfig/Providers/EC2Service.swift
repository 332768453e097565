// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import MetadataTree
import Synchronization

/// An EC2 metadata service: a tree of texts, each directory a listing of its entries.
///
/// Source of the protocol: Amazon EC2 User Guide, "Instance metadata categories" and "Use the Instance Metadata Service".
/// Version 2's token is asked for when the service wants one, and kept.
final class EC2Service: Sendable {
    private let client: MetadataClient
    /// The roots to ask, the next one when there is no connection to the one before.
    private let roots: [String]
    private let state: Mutex<State>

    private struct State {
        var root: String
        var token: String?
    }

    /// What is left of the limits of a tree.
    private struct Budget {
        var entries = EC2Service.entryLimit
        var bytes: Int
        let deadline: ContinuousClock.Instant
    }

    private static let tokenLife = 21600
    private static let depthLimit = 16
    private static let entryLimit = 4096
    /// The whole tree may take so many times as long as one request.
    private static let patience = 6
    private static let retries = RetryPolicy(attempts: 3)
    private static let tokenHeader = "X-aws-ec2-metadata-token"

    /// - Parameter url: the root of the metadata; the standard one is asked for at its IPv6 address too.
    init(url: String, client: MetadataClient) {
        self.client = client
        var root = url
        while root.hasSuffix("/") { root.removeLast() }
        roots =
            root == OptionTable.standardMetadataURL
            ? [root, "http://[fd00:ec2::254]/latest/meta-data"] : [root]
        state = Mutex(State(root: root))
    }

    // MARK: Asking

    /// The text at `path` below the root.
    ///
    /// - Throws: `ProviderError.unavailable`, `CancellationError`.
    func text(_ path: String) async throws -> ByteString {
        let (request, response) = try await answer { "\($0)/\(path)" }
        guard (200..<300).contains(response.status) else { throw MetadataClient.refusal(request, response) }
        return ResponseText.text(of: response)
    }

    /// The user data; nil when there is none.
    ///
    /// - Throws: `ProviderError.unavailable`, `CancellationError`.
    func userData() async throws -> ByteString? {
        let (request, response) = try await answer { root in
            let parent = root.lastIndex(of: "/").map { root[..<$0] } ?? ""
            return "\(parent)/user-data"
        }
        if response.status == 404 { return nil }
        guard (200..<300).contains(response.status) else { throw MetadataClient.refusal(request, response) }
        return ResponseText.text(of: response)
    }

    /// The whole tree.
    func tree() async throws -> MetadataObject {
        var budget = Budget(
            bytes: client.answerLimit, deadline: .now + client.timeout * Double(Self.patience))
        return try await directory("/", depth: 0, &budget) ?? MetadataObject()
    }

    /// Nil when there is no such directory.
    private func directory(_ path: String, depth: Int, _ budget: inout Budget) async throws -> MetadataObject?
    {
        guard depth < Self.depthLimit else {
            throw ProviderError.unavailable(
                "the metadata at \(path) goes deeper than \(Self.depthLimit) levels")
        }
        guard let listing = try await leaf(path, isRequired: depth == 0, &budget) else { return nil }
        let lines = listing.split(on: 0x0A).filter { !$0.isEmpty }
        budget.entries -= lines.count
        guard budget.entries >= 0 else {
            throw ProviderError.unavailable("the metadata has more than \(Self.entryLimit) entries")
        }
        var object = MetadataObject()
        for line in lines {
            let entry = try Self.entry(line, in: path)
            if entry.hasSuffix("/") {
                let members = try await directory(path + entry, depth: depth + 1, &budget)
                if let members {
                    object[ByteString(String(entry.dropLast()))] = MetadataValue(.object(members))
                }
            } else if let text = try await leaf(path + entry, isRequired: false, &budget) {
                object[ByteString(entry)] = MetadataValue(.string(text))
            }
        }
        return object
    }

    /// A line of a listing as the path of its entry: `0=my-key` is the directory `0/`.
    private static func entry(_ line: ByteString, in path: String) throws -> String {
        var entry = line.text
        if entry.last == "\r" { entry.removeLast() }
        if let equals = entry.firstIndex(of: "=") { entry = String(entry[..<equals]) + "/" }
        let name = entry.hasSuffix("/") ? entry.dropLast() : Substring(entry)
        let isPlain = name.utf8.allSatisfy {
            $0 > 0x20 && $0 != 0x7F && $0 != 0x2F && $0 != 0x3F && $0 != 0x23
        }
        guard isPlain, !name.isEmpty, name != ".", name != ".." else {
            throw ProviderError.unavailable("the listing of \(path) has an entry that is no name")
        }
        return entry
    }

    /// The text at `path`; nil when there is none, unless it has to be there.
    private func leaf(_ path: String, isRequired: Bool, _ budget: inout Budget) async throws -> ByteString? {
        guard ContinuousClock.now < budget.deadline else {
            throw ProviderError.unavailable(
                "the metadata takes longer than \(client.timeout * Self.patience)")
        }
        let (request, response) = try await answer { $0 + path }
        if response.status == 404, !isRequired { return nil }
        guard (200..<300).contains(response.status) else { throw MetadataClient.refusal(request, response) }
        budget.bytes -= response.body.count
        guard budget.bytes >= 0 else {
            throw ProviderError.unavailable("the metadata has more than \(client.answerLimit) bytes")
        }
        return ResponseText.text(of: response)
    }

    // MARK: Roots and tokens

    private func answer(_ url: (String) -> String) async throws -> (HTTPRequest, HTTPResponse) {
        let current = state.withLock { $0.root }
        let first: Result<(HTTPRequest, HTTPResponse), any Error>
        do {
            let found = try await answer(url(current), root: current)
            if found.1.status < 500 { return found }
            first = .success(found)
        } catch {
            first = .failure(error)
        }
        try Task.checkCancellation()
        // Whoever answers at the other address has to have what is wanted, or to know that there is none.
        if let next = roots.first(where: { $0 != current }),
            let found = try? await answer(url(next), root: next),
            found.1.status < 300 || found.1.status == 404
        {
            state.withLock { $0.root = next }
            return found
        }
        try Task.checkCancellation()
        return try first.get()
    }

    private func answer(_ url: String, root: String) async throws -> (HTTPRequest, HTTPResponse) {
        var token = state.withLock { $0.token }
        var mayAsk = true
        while true {
            // What carries a token goes nowhere else.
            let request = client.request(
                "GET", url, headers: token.map { [(Self.tokenHeader, $0)] } ?? [],
                redirectLimit: token == nil ? 30 : 0)
            let response = try await client.send(request, retries: Self.retries)
            guard response.status == 401, mayAsk else { return (request, response) }
            mayAsk = false
            token = try await newToken(root)
        }
    }

    /// - Throws: `ProviderError.unavailable` when the service gives none: there is no way back to asking without.
    private func newToken(_ root: String) async throws -> String {
        let authority = root.firstRange(of: "://").map { scheme in
            root[..<scheme.upperBound] + root[scheme.upperBound...].prefix { $0 != "/" }
        }
        let request = client.request(
            "PUT", "\(authority ?? Substring(root))/latest/api/token",
            headers: [("X-aws-ec2-metadata-token-ttl-seconds", "\(Self.tokenLife)")], redirectLimit: 0)
        let response = try await client.send(request, retries: Self.retries)
        let token = String(decoding: response.body, as: UTF8.self)
        let isPlain = token.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard response.status == 200, !token.isEmpty, token.utf8.count <= 4096, isPlain else {
            throw ProviderError.unavailable(
                "\(request.publicURL) gave no token: it answered \(response.status)")
        }
        state.withLock { $0.token = token }
        return token
    }
}
