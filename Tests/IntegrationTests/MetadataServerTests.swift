// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The metadata server, asked by curl")
struct ServedMetadataTests {
    private let lab: Lab
    private let server: RunningProcess

    init() throws {
        lab = try Lab()
        try lab.writeNode(password: "first")
        server = try lab.startServer()
    }

    private struct Answer {
        let status: Int
        let head: String
        let body: String

        func header(_ name: String) -> String? {
            head.split(whereSeparator: \.isNewline).first {
                $0.lowercased().hasPrefix(name.lowercased() + ":")
            }
            .map { $0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces) }
        }
    }

    private func curl(_ path: String, _ options: String...) throws -> Answer {
        try curl(path, options)
    }

    private func curl(_ path: String, _ options: [String]) throws -> Answer {
        let url = "http://127.0.0.1:\(lab.port)\(path)"
        let ended = try ChildProcess(["/usr/bin/curl", "-s", "-i", "--max-time", "30"] + options + [url])
            .run()
        let parts = ended.text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let head = String(parts.first ?? "")
        return Answer(
            status: head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0, head: head,
            body: parts.count > 1 ? String(parts[1]) : "")
    }

    private let token = ["-H", "Authorization: Bearer t0ken"]
    private let path = "/v1/nodes/n1/metadata"

    @Test("a node's token gives its metadata, any other gives 401 and no hint")
    func authorisation() throws {
        defer { lab.stop(server) }
        let answer = try curl(path, token)
        #expect(answer.status == 200)
        #expect(answer.body == #"{"mysql": {"root-password": "first"}}"#)
        #expect(answer.header("Content-Type") == "application/json")
        let refused = [
            try curl(path), try curl(path, "-H", "Authorization: Bearer wrong"),
            try curl(path, "-H", "Authorization: Bearer "), try curl(path, "-H", "Authorization: Basic dDp0"),
            try curl("/v1/nodes/other/metadata", token),
        ]
        #expect(refused.map(\.status) == [401, 401, 401, 401, 401])
        #expect(Set(refused.map(\.body)).count == 1)
        #expect(refused[0].header("WWW-Authenticate") == "Bearer")
        #expect(try curl("/nothing", token).status == 404)
    }

    @Test("HEAD has the headers of GET, and a condition that holds gives 304")
    func conditions() throws {
        defer { lab.stop(server) }
        let whole = try curl(path, token)
        let tag = try #require(whole.header("ETag"))
        let date = try #require(whole.header("Last-Modified"))
        let head = try curl(path, token + ["-I"])
        #expect(head.status == 200)
        #expect(head.header("ETag") == tag)
        #expect(head.header("Content-Length") == String(whole.body.utf8.count))
        #expect(try curl(path, token + ["-H", "If-None-Match: \(tag)"]).status == 304)
        #expect(try curl(path, token + ["-H", "If-None-Match: \"x\", W/\(tag)"]).status == 304)
        #expect(try curl(path, token + ["-H", "If-None-Match: \"x\""]).status == 200)
        #expect(try curl(path, token + ["-H", "If-Modified-Since: \(date)"]).status == 304)
        // The tag counts where both are sent.
        #expect(
            try curl(path, token + ["-H", "If-None-Match: \"x\"", "-H", "If-Modified-Since: \(date)"]).status
                == 200)
    }

    @Test("a request that waits is answered by a change, or by 304 when the time is over")
    func waiting() throws {
        defer { lab.stop(server) }
        let whole = try curl(path, token + ["-H", "Prefer: wait=20"])
        #expect(whole.status == 200)
        #expect(whole.header("Preference-Applied") == "wait=20")
        #expect(try curl(path, token).header("Preference-Applied") == nil)
        let tag = try #require(whole.header("ETag"))
        let over = try curl(path, token + ["-H", "If-None-Match: \(tag)", "-H", "Prefer: wait=1"])
        #expect(over.status == 304)
        #expect(over.header("Preference-Applied") == "wait=1")

        let output = lab.directory.file("waiting")
        let waiting = try ChildProcess(
            ["/usr/bin/curl", "-s", "--max-time", "30"] + token
                + [
                    "-H", "If-None-Match: \(tag)", "-H", "Prefer: wait=25",
                    "http://127.0.0.1:\(lab.port)\(path)",
                ]
        ).start(output: output, errorOutput: "/dev/null")
        try lab.writeNode(password: "second")
        #expect(waiting.wait(limit: 20) == 0)
        #expect(lab.directory.text("waiting") == #"{"mysql": {"root-password": "second"}}"#)
    }

    @Test(
        "odd preferences are no preferences, and harm nobody",
        arguments: [
            ";", ",", "wait", "wait=", "wait=x", "wait=-1", "=5", "a=b;wait=5", "wait=99999999999999999999",
        ])
    func oddPreferences(preference: String) throws {
        defer { lab.stop(server) }
        #expect(try curl(path, token + ["-H", "Prefer: \(preference)"]).status == 200)
        #expect(try curl(path, token).status == 200)
    }

    @Test("a directory that is replaced by another is found again, and a node that was removed stays removed")
    func replacedDirectory() throws {
        defer { lab.stop(server) }
        try FileManager.default.removeItem(atPath: lab.directory.file("nodes/n1.yaml"))
        #expect(eventually { (try? curl(path, token).status) == 401 })
        try lab.directory.write("nodes/n1.yaml", "metadata: [")
        #expect(eventually { lab.logs().contains("nodes/n1.yaml:") })
        #expect(try curl(path, token).status == 401)
        try lab.directory.write(
            "other/n1.yaml", "metadata: {a: 1}\ncredentials: {request: {token: t0ken}}\n", mode: 0o600)
        rename(lab.directory.file("nodes"), lab.directory.file("nodes.old"))
        rename(lab.directory.file("other"), lab.directory.file("nodes"))
        #expect(eventually { (try? curl(path, token).body) == #"{"a": 1}"# }, "\(lab.logs())")
    }

    @Test("a file with another node's user is left alone, and those that go meanwhile are gone")
    func takenUser() throws {
        defer { lab.stop(server) }
        let heat = "credentials: {request: {token: t0ken}, heat: {user_id: u, password: p}}\n"
        try lab.directory.write("nodes/a.yaml", heat, mode: 0o600)
        #expect(eventually { (try? curl("/v1/nodes/a/metadata", token).status) == 200 })
        try lab.directory.write("nodes/b.yaml", heat, mode: 0o600)
        #expect(eventually { lab.logs().contains("b.yaml has the user of the node a") }, "\(lab.logs())")
        try FileManager.default.removeItem(atPath: lab.directory.file("nodes/n1.yaml"))
        #expect(eventually { (try? curl(path, token).status) == 401 })
        #expect(try curl("/v1/nodes/a/metadata", token).status == 200)
    }

    @Test("a node file that breaks leaves its node as it was, and says so")
    func brokenNode() throws {
        defer { lab.stop(server) }
        try lab.directory.write("nodes/n1.yaml", "metadata: [")
        #expect(eventually { lab.logs().contains("nodes/n1.yaml:") })
        #expect(try curl(path, token).body == #"{"mysql": {"root-password": "first"}}"#)
        try FileManager.default.removeItem(atPath: lab.directory.file("nodes/n1.yaml"))
        #expect(eventually { (try? curl(path, token).status) == 401 })
    }

    @Test(
        "a CloudFormation call is refused with Heat's codes",
        arguments: [
            ("Action=DescribeStackResource", 403, "MissingAuthenticationToken"),
            ("Action=ListStacks", 400, "InvalidAction"), ("", 400, "InvalidAction"),
            (
                "Action=DescribeStackResource&AWSAccessKeyId=AK&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x",
                403, "SignatureDoesNotMatch"
            ),
            (
                "Action=DescribeStackResource&AWSAccessKeyId=NO&SignatureVersion=2&SignatureMethod=HmacSHA256&Signature=x",
                403, "InvalidClientTokenId"
            ),
            (
                "Action=DescribeStackResource&AWSAccessKeyId=AK&SignatureVersion=1&Signature=x", 400,
                "InvalidParameterValue"
            ),
        ])
    func cloudFormationErrors(query: String, status: Int, code: String) throws {
        defer { lab.stop(server) }
        let answer = try curl("/v1/?\(query)")
        #expect(answer.status == status)
        #expect(answer.body.contains("<Code>\(code)</Code>"))
    }
}
