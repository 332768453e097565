// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("Nodes converge, and os-metadata-server ctl waits for it")
struct ConvergenceTests {
    private let server: ServerSandbox

    init() throws {
        server = try ServerSandbox()
        try server.start()
    }

    @Test("a change has converged when the node has got it, whether it has deployments or not")
    func delivery() throws {
        _ = try server.ctl("node", "create", "n")
        let token = try server.node("n", "credentials", "request", "token")
        func get(_ options: String...) throws -> Int {
            let header = ["-H", "Authorization: Bearer \(token)", "-o", "/dev/null", "-w", "%{http_code}"]
            let words =
                ["/usr/bin/curl", "-s"] + header + options + ["\(server.address)/v1/nodes/n/metadata"]
            return Int(try ChildProcess(words).run().text) ?? 0
        }
        func isComplete() throws -> Bool { try server.node("n", "status") == "COMPLETE" }
        let brief = ["wait", "--converged", "n", "--timeout", "1"]
        // Who asks for the head only, or without the token, has got nothing.
        #expect(try get("-I") == 200 && server.curl("/v1/nodes/n/metadata").status == 401)
        #expect(try server.ctl(brief).status == 124)
        #expect(try get() == 200)
        #expect(try eventually(isComplete))
        #expect(try server.node("n", "delivered", "revision") == server.node("n", "revision"))
        // A change: whoever waits is woken when the node comes.
        _ = try server.ctl("node", "set", "n", "a=1")
        #expect(try !isComplete())
        let before = try administratorsGets()
        let waiting = try startWaiting()
        // It knows the last event and that the node is not there yet.
        #expect(try eventually { try administratorsGets() >= before + 2 })
        #expect(try get() == 200)
        #expect(waiting.wait(limit: 20) == 0)
        // Nothing that the node sees: it has it when it has asked again.
        let patch = #"{"instance": {"hostname": "other"}}"#
        #expect(
            try server.curl("/admin/v1/nodes/n", "-X", "PATCH", "-H", server.admin, "-d", patch).status == 200
        )
        #expect(try !isComplete())
        let tag = try #require(try server.entityTag(of: "n", header: "Authorization: Bearer \(token)"))
        #expect(try get("-H", "If-None-Match: *") == 304)
        #expect(try !isComplete())
        #expect(try get("-H", "If-None-Match: \(tag)") == 304)
        #expect(try eventually(isComplete))
        // It is in the store.
        server.stop()
        try server.start()
        #expect(try isComplete())
    }

    @Test("who waits is told when the server is away, and goes on when it is back")
    func restart() throws {
        _ = try server.ctl("node", "create", "n")
        let before = try administratorsGets()
        let waiting = try startWaiting()
        #expect(try eventually { try administratorsGets() >= before + 2 })
        let port = server.port
        #expect(server.stop() == 0)
        #expect(eventually { server.directory.text("waiting")?.contains("trying again") == true })
        try server.start(listen: ["127.0.0.1:\(port)"])
        #expect(try server.metadata(of: "n").status == 200)
        #expect(waiting.wait(limit: 20) == 0)
        #expect(server.directory.text("waiting")?.split(separator: "\n").count == 1)
    }

    @Test("a node that can only ask for instance data is not waited for")
    func instanceOnly() throws {
        _ = try server.ctl("node", "create", "n", "--address", "10.0.0.1")
        #expect(try server.node("n", "status") == "IN_PROGRESS")
        let patch = "credentials: {request: null}\n"
        #expect(try server.ctl("node", "set", "n", "--patch", "-", input: patch).status == 0)
        #expect(try server.node("n", "status") == "COMPLETE")
    }

    private func startWaiting() throws -> RunningProcess {
        try ChildProcess(
            [
                Programs.path("os-metadata-server"), "ctl", "wait", "--converged", "n", "--server",
                server.address, "--token-file", server.directory.file("store/admin-token"),
            ]
        ).start(output: "/dev/null", errorOutput: server.directory.file("waiting"))
    }

    private func administratorsGets() throws -> Int {
        try server.metric(
            #"os_metadata_server_requests_total{service="admin",method="GET",status="200"}"#) ?? 0
    }

    @Test("a deployment reaches the node, and waiting ends when it has signalled")
    func convergence() throws {
        try server.directory.write("hi.sh", "#!/bin/sh\necho hi\n")
        _ = try server.ctl("node", "create", "n")
        let id = try server.ctl("deploy", "n", "--config", "hi.sh", "--input", "a.b=c", "--output-name", "o")
            .text
            .trimmingCharacters(in: .newlines)
        #expect(try server.node("n", "status") == "IN_PROGRESS")
        #expect(try server.ctl("wait", "--converged", "n", "--timeout", "1").status == 124)
        let document = try JSONSerialization.jsonObject(with: Data(server.metadata(of: "n").body.utf8))
        let deployment = ((document as? [String: Any])?["deployments"] as? [[String: Any]])?.first
        #expect(
            deployment?["id"] as? String == id && deployment?["config"] as? String == "#!/bin/sh\necho hi\n")
        let inputs = deployment?["inputs"] as? [[String: Any]] ?? []
        let url = try #require(
            inputs.first { $0["name"] as? String == "deploy_signal_id" }?["value"] as? String)
        #expect(inputs.first?["name"] as? String == "a.b" && inputs.first?["value"] as? String == "c")

        let waiting = try startWaiting()
        let body = #"{"deploy_stdout": "hi\n", "deploy_stderr": "", "deploy_status_code": 0, "o": 1}"#
        #expect(try server.curl(url, "-d", body, "-H", "Content-Type: application/json").status == 200)
        #expect(waiting.wait(limit: 20) == 0)
        #expect(try server.node("n", "status") == "COMPLETE")

        // A failure is one: of a second run of the same name, which has an id of its own.
        let second = try server.ctl("deploy", "n", "--config", "hi.sh").text.trimmingCharacters(in: .newlines)
        #expect(second != id)
        let next = url.replacingOccurrences(of: id, with: second)
        #expect(try server.curl(next, "-d", "{}").status == 403)
        let signed = try server.node("n", "deployments", "0", "id")
        #expect(signed == second)
    }
}
