// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Random requests")
struct RequestFuzzTests {
    private static let seconds =
        Double(ProcessInfo.processInfo.environment["REQUEST_FUZZ_SECONDS"] ?? "") ?? 5

    private static let requests = [
        "GET /v1/nodes/a/metadata HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\r\nPrefer: wait=0\r\nIf-None-Match: \"x\"\r\n\r\n",
        "GET /latest/meta-data/public-keys/0/openssh-key HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n",
        "PUT /latest/api/token HTTP/1.1\r\nHost: h\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n",
        "GET /openstack/latest/meta_data.json HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n",
        "GET /v1/?Action=DescribeStackResource&AWSAccessKeyId=KA&SignatureVersion=2&SignatureMethod=HmacSHA256&Timestamp=2026-11-25T12:00:00Z&Signature=x%2B HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX-Amz-Date: 20261125T120000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=KA/20261125/r/s/aws4_request, SignedHeaders=host;x-amz-date, Signature=00\r\n\r\n",
        "POST /v3/auth/tokens HTTP/1.1\r\nHost: h\r\nContent-Length: LENGTH\r\n\r\n{\"auth\": {\"identity\": {\"password\": {\"user\": {\"id\": \"ua\", \"password\": \"pa\"}}}}}       ",
        "GET /v1/pr/stacks/a/a/resources/a/metadata HTTP/1.1\r\nHost: h\r\nX-Auth-Token: 9999999999-00-ua\r\n\r\n",
        "POST /v1/signal/arn%3Aopenstack%3Aheat%3A%3Ax%3Astacks%2Fa%2Fa%2Fresources%2Fd?AWSAccessKeyId=KA&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x HTTP/1.1\r\nHost: h\r\nContent-Length: LENGTH\r\n\r\n{}",
        "PUT /v1/AUTH_os-config/a/d?temp_url_sig=00&temp_url_expires=2147483647 HTTP/1.1\r\nHost: h\r\nContent-Length: LENGTH\r\n\r\n{}",
        "POST /v2/queues/d/messages HTTP/1.1\r\nHost: h\r\nX-Auth-Token: 1-2-3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
        "PATCH /admin/v1/nodes/a HTTP/1.1\r\nHost: h\r\nADMIN\r\nContent-Length: LENGTH\r\n\r\n{\"metadata\": {\"a\": [1, {}]}}",
        "PUT /admin/v1/nodes/a HTTP/1.1\r\nHost: h\r\nADMIN\r\nContent-Type: application/yaml\r\nContent-Length: LENGTH\r\n\r\nmetadata: {a: [b, c]}",
        "POST /admin/v1/nodes/a/deployments HTTP/1.1\r\nHost: h\r\nADMIN\r\nContent-Length: LENGTH\r\n\r\n{\"name\": \"d\", \"config\": \"x\", \"inputs\": {\"a\":1}}",
        "GET /admin/v1/nodes?after=a&limit=5 HTTP/1.1\r\nHost: h\r\nADMIN\r\n\r\n",
        "GET /admin/v1/events?after=1&node=a HTTP/1.1\r\nHost: h\r\nADMIN\r\n\r\n",
        "POST /admin/v1/nodes/a/rollback HTTP/1.1\r\nHost: h\r\nADMIN\r\nContent-Length: LENGTH\r\n\r\n{}",
    ]

    private static let pieces: [[UInt8]] =
        [
            "%", "%00", "%ff", "%2f", "..", "/", "//", "?", "&", "=", ":", "\r\n", "\n", "\0", " ", "\t",
            "\"", "\\", "{", "}",
            "[", "]", ",", "-1", "0", "99999999999999999999", "null", "é", "*", ";", "wait=1",
            "Content-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "Connection: close\r\n",
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80]]

    @Test("none is answered with 500, and the server goes on")
    func fuzz() throws {
        let server = try ServerSandbox()
        try server.start("--trusted-proxy", "127.0.0.1", "--history", "3")
        try server.directory.write(
            "nodes/a.yaml",
            """
            metadata: {a: 1}
            credentials:
              request: {token: t}
              cfn: {access_key_id: KA, secret_access_key: SA}
              heat: {user_id: ua, password: pa, project_id: pr}
            instance: {addresses: [10.0.0.1], user_data: x, public_keys: {k: ssh-ed25519 A}}
            deployments: [{name: d, config: x}]
            """)
        #expect(try server.ctl("import", "nodes").status == 0)
        // As they are, they reach what they are for.
        for request in Self.requests {
            let connection = try RawConnection(port: server.port)
            connection.send(bytes: Self.whole(request, admin: server.admin))
            let status = try #require(connection.answer()).status
            #expect([200, 201, 401, 403].contains(status), "\(status): \(request)")
        }
        let seed = UInt64.random(in: 0...(1 << 62))
        let (port, admin, end) = (server.port, server.admin, Date().addingTimeInterval(Self.seconds))
        let answered = Mutex(0)
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { worker in
            var generator = SeededGenerator(seed: seed + UInt64(worker))
            while Date() < end {
                let request = Self.mutated(using: &generator, admin: admin)
                // Whoever has not sent all of a request gets no answer.
                guard let connection = try? RawConnection(port: port, limit: 0.2) else { continue }
                connection.send(bytes: request)
                guard let answer = connection.answer() else { continue }
                answered.withLock { $0 += 1 }
                if answer.status >= 500 {
                    let text = String(decoding: request, as: UTF8.self)
                    failures.withLock { $0.append("\(answer) to \(text), seed \(seed + UInt64(worker))") }
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(answered.withLock { $0 } > 100, "\(answered.withLock { $0 })")
        #expect(try server.curl("/readyz").status == 200, "seed \(seed): \(server.errors)")
        #expect(server.process?.isRunning == true)
    }

    private static func whole(_ request: String, admin: String) -> [UInt8] {
        let length = request.components(separatedBy: "\r\n\r\n").last?.utf8.count ?? 0
        return Array(
            request.replacingOccurrences(of: "ADMIN", with: admin)
                .replacingOccurrences(of: "LENGTH", with: "\(length)").utf8)
    }

    private static func mutated(using generator: inout SeededGenerator, admin: String) -> [UInt8] {
        var bytes = whole(requests.randomElement(using: &generator) ?? "", admin: admin)
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: place)
            case 1:
                bytes.removeSubrange(
                    place..<min(bytes.count, place + Int.random(in: 0...8, using: &generator)))
            case 2 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            default:
                let other = Array((requests.randomElement(using: &generator) ?? "").utf8)
                let start = Int.random(in: 0...other.count, using: &generator)
                bytes.insert(contentsOf: other[start..<min(other.count, start + 20)], at: place)
            }
        }
        return bytes
    }
}
