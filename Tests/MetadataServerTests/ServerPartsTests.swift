// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MetadataStore
import MetadataTree
import RequestSigning
import Synchronization
import Testing

@testable import MetadataServer

@Suite("Where the server listens")
struct ListenAddressTests {
    @Test(
        "addresses",
        arguments: [
            ("127.0.0.1:80", ListenAddress(place: .tcp(host: "127.0.0.1", port: 80))),
            ("[::1]:0", ListenAddress(place: .tcp(host: "::1", port: 0))),
            ("http://h:1/", ListenAddress(place: .tcp(host: "h", port: 1))),
            ("https://h:1", ListenAddress(place: .tcp(host: "h", port: 1), usesTLS: true)),
            ("unix:/run/x", ListenAddress(place: .unix(path: "/run/x"))),
        ])
    func addresses(text: String, address: ListenAddress) { #expect(ListenAddress(text) == address) }

    @Test(
        "what is none", arguments: ["", "h", "h:", ":80", "h:65536", "h:x", "unix:x", "unix:", "ftp://h:1:"])
    func refused(text: String) { #expect(ListenAddress(text) == nil) }

    @Test("only sockets that are for this process are taken")
    func inherited() {
        #expect(ListenAddress.inherited(["LISTEN_PID": "1", "LISTEN_FDS": "1"]).isEmpty)
        #expect(ListenAddress.inherited(["LISTEN_FDS": "1"]).isEmpty)
    }
}

@Suite("How often an address may ask")
struct RateLimitTests {
    @Test("twice the rate at once, then the rate; each address for itself")
    func limit() {
        let limit = RateLimit(rate: 10)
        let start = ContinuousClock.now
        #expect((0..<30).filter { _ in limit.admits("a", at: start) }.count == 20)
        #expect(limit.admits("b", at: start))
        #expect((0..<30).filter { _ in limit.admits("a", at: start + .seconds(1)) }.count == 10)
        #expect((0..<99).filter { _ in limit.admits("a", at: start + .seconds(99)) }.count == 20)
    }
}

@Suite("Tokens of Keystone's")
struct KeystoneTokenTests {
    private let store = InMemoryMetadataStore()

    private func node(password: String) -> NodeRecord {
        NodeRecord(
            name: "n", metadata: JSONShape.object([]),
            credentials: .init(
                heat: .init(
                    userID: "u-1/x", password: password, projectID: "p", stackID: "s/1", resource: "r")))
    }

    @Test("one is its user's until it expires, or the password is another")
    func life() async throws {
        try await store.put(node(password: "one"), author: "")
        let time = Mutex(1_000)
        let tokens = KeystoneTokens(store: store) { time.withLock { $0 } }
        let heat = try #require(store.node("n")?.credentials.heat)
        let (token, expires) = try tokens.token(for: heat)
        #expect(expires == 4_600)
        #expect(try await tokens.node(of: token)?.0.name == "n")
        let parts = token.split(separator: "-", maxSplits: 1)
        #expect(try await tokens.node(of: "9999-\(parts[1])") == nil)
        #expect(try await tokens.node(of: token + "x") == nil)
        time.withLock { $0 = 4_600 }
        #expect(try await tokens.node(of: token) == nil)
        time.withLock { $0 = 1_000 }
        try await store.put(node(password: "two"), author: "")
        #expect(try await tokens.node(of: token) == nil)
    }
}

@Suite("Who signed a CloudFormation request")
struct CloudFormationSignatureTests {
    private let store = InMemoryMetadataStore()

    init() async throws {
        try await store.put(
            NodeRecord(
                name: "n", metadata: JSONShape.object([]),
                credentials: .init(
                    cloudFormation: .init(accessKey: "AK", secretKey: "SK", stack: "s", resource: "r"))),
            author: "")
    }

    /// The node, or the code of the refusal.
    private func answer(_ more: [(String, String)], now: Int) async throws -> String {
        var items =
            [
                ("Action", "X"), ("AWSAccessKeyId", "AK"), ("SignatureVersion", "2"),
                ("SignatureMethod", "HmacSHA256"),
            ] + more
        let signature = try SignatureV2(
            method: "GET", host: "h:1", path: "/v1/", parameters: items.map { (name: $0.0, value: $0.1) }
        ).signature(secret: "SK")
        items.append(("Signature", signature))
        let query = items.map { "\($0.0)=\(SignatureV2.quoted($0.1))" }.joined(separator: "&")
        let signed = CloudFormationSignature(
            method: "GET", host: "h:1", path: "/v1/", query: QueryString(query), headers: [:], body: [],
            rawQuery: query, now: { now })
        do { return try await signed.node(in: store).name } catch { return "\(error)" }
    }

    @Test("a time stamp may be five minutes off, and none is no harm")
    func skew() async throws {
        // 2026-11-25T12:00:00Z
        let noon = 1_795_608_000
        let stamp = [("Timestamp", "2026-11-25T12:00:00Z")]
        #expect(try await answer([], now: 0) == "n")
        for offset in [-300, 0, 300] { #expect(try await answer(stamp, now: noon + offset) == "n") }
        for offset in [-301, 301, 86_400] {
            #expect(try await answer(stamp, now: noon + offset).hasPrefix("expired"))
        }
        #expect(try await answer([("Timestamp", "noon")], now: noon).hasPrefix("expired"))
        #expect(try await answer([("Expires", "2026-11-25T12:00:00Z")], now: noon - 1) == "n")
        #expect(try await answer([("Expires", "2026-11-25T12:00:00Z")], now: noon).hasPrefix("expired"))
    }
}

@Suite("What an administrator may say")
struct NodeAdministrationTests {
    private let store = InMemoryMetadataStore(now: { 7 })
    private let nodes: NodeAdministration

    init() { nodes = NodeAdministration(store: store, now: { 7 }, audit: { _ in }) }

    private func document(_ text: String) throws -> MetadataValue {
        try JSONParser.parse(Array(text.utf8), name: "test")
    }

    private func failure(_ body: () async throws -> Void) async -> Int? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? AdminError)?.status
        }
    }

    @Test(
        "a name goes into paths and lines", arguments: ["", ".", "..", ".a", "a/b", "a b", "a\n", "\u{7F}"])
    func names(name: String) async throws {
        #expect(
            await failure { _ = try await nodes.put(name, try document("{}"), .anything, author: "") } == 422)
    }

    @Test("secrets that are left out are made; credentials stay when nothing is said of them")
    func secrets() async throws {
        let first = try await nodes.put("n", try document("{}"), .nothing, author: "me")
        #expect(first.credentials.token?.count == 40)
        let second = try await nodes.put(
            "n", try document(#"{"metadata": {"a": 1}}"#), .anything, author: "me")
        #expect(second.credentials == first.credentials)
        let third = try await nodes.patch(
            "n", try document(#"{"credentials": {"cfn": {}, "heat": {"password": "p"}}}"#), .anything,
            author: "me")
        #expect(third.credentials.token == first.credentials.token)
        #expect(third.credentials.cloudFormation?.accessKey.count == 40)
        #expect(third.credentials.heat?.password == "p" && third.credentials.heat?.stackID == "n/n")
        #expect(
            await failure { _ = try await nodes.put("n", try document("[]"), .anything, author: "") } == 422)
    }

    @Test(
        "a deployment takes the place of the one of its name, with an id of its own; undeploying takes it away"
    )
    func deployments() async throws {
        _ = try await nodes.put("n", try document("{}"), .nothing, author: "")
        let (_, one) = try await nodes.deploy("n", try document(#"{"name": "d", "config": "1"}"#), author: "")
        let (node, two) = try await nodes.deploy(
            "n", try document(#"{"name": "d", "config": "2"}"#), author: "")
        #expect(node.deployments.map(\.id) == [two.id] && one.id != two.id && two.id.count == 36)
        #expect(node.credentials.cloudFormation != nil)
        #expect(await failure { _ = try await nodes.undeploy("n", one.id, author: "") } == 404)
        // Going back to the first, the node has to run it again.
        let back = try await nodes.rollBack("n", to: node.revision - 1, author: "")
        #expect(back.deployments.first?.config.string == "1" && back.deployments.first?.id != one.id)
        #expect(try await nodes.undeploy("n", "d", author: "").deployments.isEmpty)
    }
}
