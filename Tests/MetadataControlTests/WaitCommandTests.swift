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

    /// The exit status for a server that answers so (status 0: it is away), the paths that it was asked for, and the pauses in between.
    private func wait(
        _ nodes: [String], _ answers: [(status: Int, body: String)]
    ) async throws -> (status: Int32, paths: [String], pauses: [Duration]) {
        let transport = ScriptedTransport(
            answers.map { answer in
                answer.status == 0
                    ? .failure(.failed(answer.body))
                    : .success(HTTPResponse(status: answer.status, body: Array(answer.body.utf8)))
            })
        let client = AdminClient(base: "", token: "t", trust: HTTPRequest.Trust(), transport: transport)
        var pauses: [Duration] = []
        let start = ContinuousClock.now
        let command = try WaitCommand.parse(["--converged", "--timeout", "10"] + nodes)
        let status = try await command.run(
            client, now: { start + pauses.reduce(.zero, +) }, pause: { pauses.append($0) })
        return (status, transport.requests.map { String($0.url.dropFirst("/admin/v1/".count)) }, pauses)
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
                [(200, #"{"revision": 7}"#), (200, Self.inProgress), (401, #"{"error": "no such token"}"#)])
        }
        #expect(error?.description.contains("no such token") == true)
    }

    @Test("goes on when a server that was away is back, with what has happened meanwhile")
    func away() async throws {
        let ended = try await wait(
            ["a", "b"],
            [
                (200, #"{"revision": 7}"#), (200, Self.inProgress), (200, Self.complete), (0, "cut"),
                (0, "refused"), (503, "{}"), (200, #"{"revision": 2}"#), (200, Self.complete),
            ])
        #expect(ended.status == 0)
        #expect(
            ended.paths == [
                "events/last", "nodes/a", "nodes/b", "events?after=7", "events/last", "events/last",
                "events/last", "nodes/a",
            ])
        #expect(ended.pauses == [.seconds(1), .seconds(1), .seconds(1)])
    }

    @Test("a server that stays away is waited for until the time is over; one that was never there is not")
    func gone() async throws {
        let ended = try await wait(["a"], [(200, #"{"revision": 7}"#)])
        #expect(ended.status == 124)
        #expect(ended.pauses == [Duration](repeating: .seconds(1), count: 10))
        await #expect(throws: ControlError.self) { _ = try await wait(["a"], []) }
    }
}
