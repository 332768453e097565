// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HTTPTransport
import TestSupport
import Testing

@testable import MetadataControl

@Suite("ctl wait")
struct WaitCommandTests {
    private static let complete = #"{"status": "COMPLETE"}"#
    private static let inProgress = #"{"status": "IN_PROGRESS"}"#

    /// The exit status for a server that answers so, and the paths that it was asked for.
    private func wait(
        _ nodes: [String], _ answers: [(status: Int, body: String)]
    ) async throws -> (status: Int32, paths: [String]) {
        let transport = ScriptedTransport(
            answers.map { .success(HTTPResponse(status: $0.status, body: Array($0.body.utf8))) })
        let client = AdminClient(base: "", token: "t", trust: HTTPRequest.Trust(), transport: transport)
        let status = try await WaitCommand.parse(["--converged"] + nodes).run(client)
        return (status, transport.requests.map { String($0.url.dropFirst("/admin/v1/".count)) })
    }

    @Test(
        "looks again at those nodes only that something has happened to, at all when nothing has for a while")
    func touched() async throws {
        let ended = try await wait(
            ["a", "b"],
            [
                (200, #"{"revision": 7}"#), (200, Self.inProgress), (200, Self.inProgress),
                (200, #"{"events": [{"node": "b"}, {"node": "other"}], "last": 9}"#), (200, Self.complete),
                (200, #"{"events": [{"node": "other"}], "last": 10}"#), (200, #"{"events": [], "last": 10}"#),
                (200, Self.complete),
            ])
        #expect(ended.status == 0)
        #expect(
            ended.paths == [
                "events/last", "nodes/a", "nodes/b", "events?after=7", "nodes/b", "events?after=9",
                "events?after=10", "nodes/a",
            ])
    }

    @Test("looks at all again when more has happened than the server remembers")
    func forgotten() async throws {
        let ended = try await wait(
            ["a"],
            [
                (200, #"{"revision": 7}"#), (200, Self.inProgress),
                (410, #"{"error": "these changes are not known any more"}"#), (200, #"{"revision": 90}"#),
                (200, Self.complete),
            ])
        #expect(ended.status == 0)
        #expect(ended.paths == ["events/last", "nodes/a", "events?after=7", "events/last", "nodes/a"])
    }

    @Test("any other refusal ends it, with what the server says")
    func refused() async throws {
        let error = await #expect(throws: ControlError.self) {
            _ = try await wait(
                ["a"],
                [(200, #"{"revision": 7}"#), (200, Self.inProgress), (503, #"{"error": "about to stop"}"#)])
        }
        #expect(error?.description.contains("about to stop") == true)
    }
}
