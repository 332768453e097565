// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import TestSupport
import Testing

@Suite("Requests through libcurl")
struct CurlTransportTests {
    private let server: StubHTTPServer
    private let transport = CurlTransport()

    init() throws {
        server = try StubHTTPServer()
        server.setRoutes([
            .init(path: "/ok", headers: ["ETag": "\"x\""], body: "hello"),
            .init(path: "/half", body: "hello", truncate: 2),
            .init(path: "/moved", status: 302, headers: ["Location": "http://127.0.0.1:{port}/ok"]),
            .init(path: "/round", status: 302, headers: ["Location": "http://127.0.0.1:{port}/round"]),
            .init(path: "/file", status: 302, headers: ["Location": "file:///etc/passwd"]),
            .init(path: "/large", body: String(repeating: "x", count: 100_000)),
            .init(path: "/error", status: 500, body: "oops"),
        ])
    }

    private func url(_ path: String) -> String { "http://127.0.0.1:\(server.port)\(path)" }

    @Test("an answer comes whole, redirects followed, whatever its status")
    func answers() async throws {
        let answer = try await transport.send(HTTPRequest(url: url("/ok"), headers: [("X-A", "b")]))
        #expect(answer.status == 200)
        #expect(answer.body == Array("hello".utf8))
        #expect(answer[header: "etag"] == "\"x\"")
        #expect(server.wholeRequests[0].contains("X-A: b"))
        #expect(try await transport.send(HTTPRequest(url: url("/moved"))).body == Array("hello".utf8))
        #expect(try await transport.send(HTTPRequest(url: url("/error"))).status == 500)
    }

    @Test("user information becomes basic authentication, and stays out of messages")
    func authentication() async throws {
        let request = HTTPRequest(url: "http://me:pw@127.0.0.1:\(server.port)/ok?Signature=s3cret")
        _ = try await transport.send(request)
        #expect(server.wholeRequests[0].contains("Authorization: Basic bWU6cHc="))
        #expect(request.publicURL == "http://127.0.0.1:\(server.port)/ok")
    }

    @Test(
        "half an answer, an endless redirect, another scheme and too much are errors",
        arguments: ["/half", "/round", "/file", "/large"])
    func brokenAnswers(path: String) async {
        await #expect(throws: HTTPError.self) {
            try await transport.send(HTTPRequest(url: url(path), answerLimit: 50_000))
        }
    }

    @Test("a server that is down is an error, and the next request works")
    func down() async throws {
        let port = try StubHTTPServer().port
        await #expect(throws: HTTPError.self) {
            try await transport.send(HTTPRequest(url: "http://127.0.0.1:\(port)/"))
        }
        #expect(try await transport.send(HTTPRequest(url: url("/ok"))).status == 200)
    }

    @Test("requests run side by side, and one that is cancelled ends")
    func sideBySide() async throws {
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask { try await transport.send(HTTPRequest(url: url("/ok"))).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 20))
        let task = Task { try await transport.send(HTTPRequest(url: url("/ok"))) }
        task.cancel()
        await #expect(throws: (any Error).self) {
            _ = try await task.value
            try Task.checkCancellation()
            throw CancellationError()
        }
    }
}
