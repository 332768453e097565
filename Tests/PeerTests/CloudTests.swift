// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("OpenStack's own servers", .serialized)
struct CloudTests {
    private let cloud: Cloud
    private let sandbox: CollectorSandbox
    private var directory: TemporaryDirectory { sandbox.directory }

    init() throws {
        cloud = try Cloud.shared.get()
        sandbox = try CollectorSandbox()
    }

    private static let document =
        #"{"from": "heat", "deployments": [{"name": "deployed", "config": {"x": 2}}]}"#

    private func expectStack(_ source: String) throws {
        #expect(try json("cache/\(source).json.last") == Self.value(Self.document))
        #expect(try json("cache/deployed.json.last") == Self.value(#"{"x": 2}"#))
    }

    private func json(_ name: String) throws -> NSDictionary? { try Self.value(directory.text(name) ?? "") }

    private static func value(_ text: String) throws -> NSDictionary? {
        try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary
    }

    // MARK: Heat

    @Test(
        "the metadata of a resource of a stack, by the stack's name, id, or both",
        arguments: ["id", "name", "both"])
    func heat(by way: String) throws {
        let stack = ["id": cloud.stack, "name": "st", "both": "st/\(cloud.stack)"][way] ?? ""
        try configureHeat(stack)
        let ended = try sandbox.runOnce()
        #expect(ended.status == 0, "\(ended.errorText)")
        try expectStack("heat")
    }

    private func configureHeat(_ stack: String, _ more: String = "") throws {
        try sandbox.configure(
            "command = true", sources: ["heat"],
            sections: """
                [heat]
                \(cloud.credentials())
                stack_id = \(stack)
                resource_name = web
                \(more)
                """)
    }

    @Test("a region that is not there, and a password that is wrong")
    func refusals() throws {
        try configureHeat("st", "region_name = R9")
        #expect(
            try sandbox.runOnce().errorText.contains(
                "publicURL endpoint for orchestration service in R9 region not found"))
        try configureHeat("st", "password = another")
        let refused = try sandbox.runOnce().errorText
        #expect(refused.contains("/v3/auth/tokens answered 401"), "\(refused)")
        #expect(!refused.contains("another"))
    }

    @Test(
        "a token is kept in a file of 0600, used by the next process, and asked for anew when it is refused (C25)"
    )
    func tokens() throws {
        try configureHeat("st/\(cloud.stack)", "[keystone]\ncache_dir = tokens")
        let before = cloud.logins
        for _ in 1...3 { #expect(try sandbox.runOnce().status == 0) }
        #expect(cloud.logins == before + 1)
        let name = try #require(directory.tree().first { $0.hasPrefix("tokens/token-") })
        var status = stat()
        #expect(stat(directory.file(name), &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(stat(directory.file("tokens"), &status) == 0 && status.st_mode & 0o777 == 0o700)

        let token = try #require(json(name)?["token"] as? String)
        try cloud.revoke(token)
        try FileManager.default.removeItem(atPath: directory.file("cache"))
        let ended = try sandbox.runOnce()
        #expect(ended.status == 0, "\(ended.errorText)")
        try expectStack("heat")
        #expect(cloud.logins == before + 2)
        #expect(try json(name)?["token"] as? String != token)
    }

    // MARK: Heat's CloudFormation interface

    private func configureCloudFormation(key: String) throws {
        try sandbox.configure(
            "command = true", sources: ["cfn"],
            sections: """
                [cfn]
                metadata_url = \(cloud.cloudFormation)
                access_key_id = \(cloud.accessKey)
                secret_access_key = \(key)
                stack_name = st
                path = web.Metadata
                path = web.Metadata
                """)
    }

    @Test("DescribeStackResource, signed with the keys that Keystone gave, for more than one path")
    func cloudFormation() throws {
        try configureCloudFormation(key: cloud.secretKey)
        let ended = try sandbox.runOnce()
        #expect(ended.status == 0, "\(ended.errorText)")
        try expectStack("cfn")
    }

    @Test("a key that is wrong is told without telling it")
    func wrongKey() throws {
        try configureCloudFormation(key: "not-it")
        let text = try sandbox.runOnce().errorText
        #expect(text.contains("Source [cfn] is unavailable: \(cloud.cloudFormation) answered 4"), "\(text)")
        #expect(!text.contains(cloud.accessKey) && !text.contains("Signature="))
    }

    // MARK: Zaqar

    private func configureQueue(_ queue: String, command: String) throws {
        try sandbox.configure(
            "command = \(command)", sources: ["zaqar"],
            sections: """
                [zaqar]
                \(cloud.credentials())
                queue_id = \(queue)
                """)
    }

    @Test(
        "a message is deleted when the command has succeeded with it, not before; one without a message changes nothing (C26)"
    )
    func queue() throws {
        try configureQueue("q1", command: "false")
        try cloud.post(#"{"a": 1}"#, to: "q1")
        #expect(try sandbox.runOnce().status == 1)
        #expect(try cloud.messages(of: "q1") == 1)
        try configureQueue("q1", command: "true")
        #expect(try sandbox.runOnce().status == 0)
        #expect(try cloud.messages(of: "q1") == 0)
        #expect(directory.text("cache/zaqar.json.last") == "{\n \"a\": 1\n}")
        // Nothing new: what there was stays.
        let ended = try sandbox.runOnce()
        #expect(ended.status == 0 && ended.errorText.isEmpty, "\(ended.errorText)")
        #expect(directory.text("cache/zaqar.json") == "{\n \"a\": 1\n}")
    }

    @Test(
        "a message with which the command fails is tried again until there is a newer one, and goes with that"
    )
    func failingMessage() throws {
        try configureQueue("q2", command: "cat cache/zaqar.json >> seen; grep -q good cache/zaqar.json")
        try cloud.post(#"{"is": "bad"}"#, to: "q2")
        let process = try sandbox.start()
        defer { sandbox.stop(process) }
        let tries = { (directory.text("seen") ?? "").components(separatedBy: "bad").count - 1 }
        #expect(eventually { tries() > 2 }, "\(sandbox.logs)")
        try cloud.post("[\"no document\"]", to: "q2")
        try cloud.post(#"{"is": "good"}"#, to: "q2")
        #expect(
            eventually { directory.text("cache/zaqar.json.last")?.contains("good") == true },
            "\(sandbox.logs)")
        #expect(try eventually { try cloud.messages(of: "q2") == 0 })
    }

    @Test(
        "a newer message is found behind a page of those with which the command has failed, and behind junk")
    func pages() throws {
        try configureQueue("q3", command: "grep -q good cache/zaqar.json")
        for _ in 0..<25 { try cloud.post("[\"no document\"]", to: "q3") }
        try cloud.post(#"{"is": "good"}"#, to: "q3")
        let ended = try sandbox.runOnce()
        #expect(ended.status == 0, "\(ended.errorText)")
        #expect(directory.text("cache/zaqar.json.last")?.contains("good") == true)
        #expect(try cloud.messages(of: "q3") == 0)
    }
}
