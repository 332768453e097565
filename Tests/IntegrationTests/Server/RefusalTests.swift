// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Who is not let in")
struct RefusalTests {
    private let server: ServerSandbox
    private let token: String

    init() throws {
        server = try ServerSandbox()
        try server.start(environment: ["TZ": "UTC"])
        try server.directory.write(
            "nodes/a.yaml",
            """
            metadata: {secret: of-a}
            credentials:
              request: {token: token-of-a}
              cfn: {access_key_id: KA, secret_access_key: SA}
              heat: {user_id: ua, password: pa, project_id: pr}
            instance: {addresses: [127.0.0.1], user_data: of-a}
            """)
        try server.directory.write(
            "nodes/b.yaml",
            """
            metadata: {secret: of-b}
            credentials:
              request: {token: token-of-b}
              cfn: {access_key_id: KB, secret_access_key: SB}
              heat: {user_id: ub, password: pb, project_id: pr}
            instance: {addresses: [127.0.0.2], user_data: of-b}
            deployments: [{name: d, config: x}]
            """)
        token = server.adminToken
        let imported = try server.ctl("import", "nodes")
        #expect(imported.status == 0, "\(imported.errorText)")
    }

    /// A request that has to be refused, as the node a with all that it knows.
    struct Row: Sendable, CustomTestStringConvertible {
        let method: String
        let path: String
        var headers: [String] = []
        var body: String?
        let statuses: Set<Int>

        var testDescription: String { "\(method) \(path) \(headers)" }

        init(
            _ method: String, _ path: String, _ headers: [String] = [], body: String? = nil,
            _ statuses: Int...
        ) {
            self.method = method
            self.path = path
            self.headers = headers
            self.body = body
            self.statuses = Set(statuses)
        }
    }

    private static let bearer = "Authorization: Bearer token-of-a"
    static let rows = [
        // Another node's, by its name, tricks with the path, and headers.
        Row("GET", "/v1/nodes/b/metadata", [bearer], 401),
        Row("GET", "/v1/nodes/b/metadata", [], 401),
        Row("GET", "/v1/nodes/b/metadata", ["Authorization: Bearer "], 401),
        Row("GET", "/v1/nodes/b/metadata", ["Authorization: token-of-b"], 401),
        Row("GET", "/v1/nodes/b/metadata", ["Authorization: Bearer token-of-b2"], 401),
        Row("GET", "/v1/nodes/b/metadata", ["Authorization: Bearer TOKEN-OF-B"], 401),
        Row("GET", "/v1/nodes/a/../b/metadata", [bearer], 401, 404),
        Row("GET", "/v1/nodes/a%2f..%2fb/metadata", [bearer], 401),
        Row("GET", "/v1/nodes/%62/metadata", [bearer], 401),
        Row("GET", "/v1/nodes//b/metadata", [bearer], 401, 404),
        Row("GET", "/v1/nodes/b/metadata?node=a", [bearer], 401),
        Row("GET", "/v1/nodes/b/metadata", [bearer, "X-Original-URL: /v1/nodes/a/metadata"], 401),
        Row("GET", "/v1/nodes/none/metadata", [bearer], 401),
        Row("POST", "/v1/nodes/a/metadata", [bearer], 404),
        Row("DELETE", "/v1/nodes/a/metadata", [bearer], 404),
        // Administration without its token.
        Row("GET", "/admin/v1/nodes", [], 401), Row("GET", "/admin/v1/nodes", [bearer], 401),
        Row("GET", "/admin/v1/nodes?token=x", [bearer], 401), Row("GET", "/admin/v1/events", [bearer], 401),
        Row("PUT", "/admin/v1/nodes/a", [bearer], body: "{}", 401),
        Row("DELETE", "/admin/v1/nodes/a", [bearer], 401),
        Row("POST", "/admin/v1/nodes/a/rollback", [bearer], body: "{}", 401),
        Row("GET", "/admin/v1/nodes/b/credentials", ["Authorization: Basic YWRtaW46YWRtaW4="], 401),
        Row("GET", "/v1/../admin/v1/nodes", [], 401, 404), Row("GET", "//admin/v1/nodes", [], 401, 404),
        // Heat and Keystone.
        Row("GET", "/v1/pr/stacks/b/b/resources/b/metadata", [], 401),
        Row("GET", "/v1/pr/stacks/b/b/resources/b/metadata", ["X-Auth-Token: x"], 401),
        Row(
            "GET", "/v1/pr/stacks/b/b/resources/b/metadata",
            ["X-Auth-Token: 9999999999-0000000000000000000000000000000000000000000000000000000000000000-ub"],
            401),
        Row("GET", "/v3/auth/tokens", ["X-Auth-Token: 99999999999999999999-0-ub"], 401),
        Row("POST", "/v3/auth/tokens", [], body: "{}", 400),
        Row("POST", "/v3/auth/tokens", [], body: "{", 400),
        Row(
            "POST", "/v3/auth/tokens", [],
            body: #"{"auth": {"identity": {"password": {"user": {"id": "ub", "password": "pa"}}}}}"#, 401),
        Row(
            "POST", "/v3/auth/tokens", [],
            body: #"{"auth": {"identity": {"password": {"user": {"id": "ub"}}}}}"#, 401),
        Row(
            "POST", "/v3/auth/tokens", [],
            body:
                #"{"auth": {"identity": {"password": {"user": {"id": "ua", "password": "pa"}}}, "scope": {"project": {"id": "other"}}}}"#,
            401),
        // Signals without their signature.
        Row("POST", "/v1/signal/arn", [], body: "{}", 403),
        Row("POST", "/v1/signal/arn%3Ax%2Fresources%2Fd?AWSAccessKeyId=KB&Signature=x", [], body: "{}", 400),
        Row(
            "PUT",
            "/v1/waitcondition/x/resources/d?SignatureVersion=2&SignatureMethod=HmacSHA256&AWSAccessKeyId=KB&Signature=",
            [], body: "{}", 403),
        Row("PUT", "/v1/AUTH_os-config/b/d", [], body: "{}", 401),
        Row("PUT", "/v1/AUTH_os-config/b/d?temp_url_sig=x&temp_url_expires=9999999999", [], body: "{}", 401),
        Row("POST", "/v2/queues/d/messages", [], body: "[]", 401),
        // CloudFormation without a signature.
        Row(
            "GET", "/v1/?Action=DescribeStackResource&StackName=b&LogicalResourceId=b&AWSAccessKeyId=KB", [],
            403),
        Row("POST", "/v1/?Action=SignalResource", [], body: "", 403),
        Row(
            "POST", "/", ["Content-Type: application/x-www-form-urlencoded"],
            body: "Action=DescribeStackResource&StackName=b", 403),
        // Instances: another's address is nobody's to claim.
        Row("GET", "/latest/user-data", ["X-Forwarded-For: 127.0.0.2"], 200),
        Row("PUT", "/latest/api/token", ["X-aws-ec2-metadata-token-ttl-seconds: 0"], 400),
        Row("GET", "/latest/user-data", ["X-aws-ec2-metadata-token: x"], 401),
    ]

    @Test("a row of what a node may try", arguments: rows)
    func row(_ row: Row) throws {
        let connection = try RawConnection(port: server.port)
        let answer = try #require(
            connection.ask(row.method, row.path, row.headers, body: row.body), "no answer")
        #expect(row.statuses.contains(answer.status), "\(answer)")
        #expect(!answer.body.contains("of-b"), "\(answer)")
        #expect(!server.errors.contains("token-of") && !server.errors.contains("of-b"))
    }

    @Test(
        "requests that are none are refused, and the server goes on",
        arguments: [
            "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
            "GET /\u{7F}\u{1} HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET http:// HTTP/1.1\r\nHost: x\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}\r\n\r\n",
            "GET /v1/nodes/%/metadata HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n",
            "GET /v1/nodes/%ff%00/metadata HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /latest/meta-data/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
        ])
    func malformed(request: String) throws {
        let connection = try RawConnection(port: server.port, limit: 3)
        connection.send(request)
        if let answer = connection.answer() { #expect(answer.status < 500, "\(answer)") }
        #expect(try server.curl("/healthz").status == 200)
    }

    @Test("what is too large is refused: a header, a body, the body of a signal")
    func tooLarge() throws {
        let header = try RawConnection(port: server.port)
        header.send("GET /healthz HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n")
        #expect([400, 431].contains(header.answer()?.status))
        let many = try RawConnection(port: server.port)
        many.send(
            "GET /healthz HTTP/1.1\r\nHost: x\r\n" + (0..<300).map { "X\($0): a\r\n" }.joined() + "\r\n")
        #expect([400, 431].contains(many.answer()?.status))
        let body = try RawConnection(port: server.port)
        body.send(
            "PUT /admin/v1/nodes/a HTTP/1.1\r\nHost: x\r\n\(server.admin)\r\nContent-Length: 99999999\r\n\r\n"
        )
        #expect(body.answer()?.status == 413)
        let login = try RawConnection(port: server.port)
        login.send("POST /v3/auth/tokens HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<20 { login.send("2000\r\n\(String(repeating: "a", count: 0x2000))\r\n") }
        login.send("0\r\n\r\n")
        #expect(login.answer()?.status == 413)
    }
}
