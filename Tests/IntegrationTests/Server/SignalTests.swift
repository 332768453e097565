// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("What nodes signal, by each way")
struct SignalTests {
    private let server: ServerSandbox

    init() throws {
        server = try ServerSandbox()
        try server.start()
        _ = try server.ctl("node", "create", "n")
    }

    private let success = #"{"deploy_stdout": "done", "deploy_status_code": 0}"#
    private let json = ["-H", "Content-Type: application/json"]

    /// A deployment's id, and its inputs by name, as the node gets them.
    private func deploy(_ transport: String) throws -> (id: String, inputs: [String: String]) {
        let ended = try server.ctl(
            "deploy", "n", "--name", transport, "--config", "-", "--transport", transport, input: "echo")
        let id = ended.text.trimmingCharacters(in: .newlines)
        let document = try JSONSerialization.jsonObject(with: Data(server.metadata(of: "n").body.utf8))
        let all = (document as? [String: Any])?["deployments"] as? [[String: Any]] ?? []
        let inputs = all.first { $0["id"] as? String == id }?["inputs"] as? [[String: String]] ?? []
        let pairs = inputs.map { ($0["name"] ?? "", $0["value"] ?? "") }
        return (id, Dictionary(pairs) { first, _ in first })
    }

    private func status(_ name: String) throws -> String {
        let ended = try server.ctl("node", "show", "n", "-o", "json")
        let node = try JSONSerialization.jsonObject(with: ended.output) as? [String: Any]
        let all = node?["deployments"] as? [[String: Any]] ?? []
        return all.first { $0["name"] as? String == name }?["status"] as? String ?? ""
    }

    private var signals: Int {
        get throws { try server.ctl("signals", "n").text.split(separator: "\n").count - 1 }
    }

    /// A token of Keystone's for the node.
    private func token(_ inputs: [String: String]) throws -> String {
        let body = """
            {"auth": {"identity": {"methods": ["password"], "password": {"user":
            {"id": "\(inputs["deploy_user_id"] ?? "")", "password": "\(inputs["deploy_password"] ?? "")"}}},
            "scope": {"project": {"id": "\(inputs["deploy_project_id"] ?? "")"}}}}
            """
        let answer = try server.curl(
            "\(inputs["deploy_auth_url"] ?? "")/auth/tokens", "-i", "-d", body, json[0], json[1])
        #expect(answer.status == 201, "\(answer.body)")
        let line = answer.body.split(separator: "\r\n").first {
            $0.lowercased().hasPrefix("x-subject-token:")
        }
        return line.map { $0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces) } ?? ""
    }

    @Test("CFN_SIGNAL: a POST to a signed URL, which is the same each time; a repetition is one signal")
    func cloudFormation() throws {
        let (id, inputs) = try deploy("CFN_SIGNAL")
        let url = try #require(inputs["deploy_signal_id"])
        #expect(
            inputs["deploy_signal_verb"] == "POST" && url.contains("/v1/signal/arn%3Aopenstack%3Aheat%3A%3A"))
        #expect(try server.metadata(of: "n").body == server.metadata(of: "n").body)
        for _ in 0..<2 { #expect(try server.curl(url, "-d", success, json[0], json[1]) == (200, "null")) }
        #expect(try signals == 1)
        #expect(try status("CFN_SIGNAL") == "COMPLETE")
        let altered = url.replacingOccurrences(of: id, with: "another")
        #expect(try server.curl(altered, "-d", success, json[0], json[1]).status == 403)
        #expect(try server.curl(url, "-X", "PUT", "-d", success).status == 404)
        #expect(try server.curl(url, "-d", "[1]", json[0], json[1]).status == 400)
        #expect(try server.curl(url, "-d", "{", json[0], json[1]).status == 400)
        #expect(try signals == 1)
    }

    @Test("TEMP_URL_SIGNAL: a PUT to a signed URL of an object")
    func temporaryURL() throws {
        let (id, inputs) = try deploy("TEMP_URL_SIGNAL")
        let url = try #require(inputs["deploy_signal_id"])
        #expect(inputs["deploy_signal_verb"] == "PUT")
        // Which makes the node keys that sign first from now on.
        _ = try deploy("CFN_SIGNAL")
        #expect(try server.curl(url, "-X", "PUT", "-d", success).status == 201)
        #expect(try status("TEMP_URL_SIGNAL") == "COMPLETE")
        for altered in [
            url.replacingOccurrences(of: id, with: "another"),
            url.replacingOccurrences(of: "/n/", with: "/m/"),
            url.replacingOccurrences(of: "temp_url_expires=2147483647", with: "temp_url_expires=2147483648"),
            url.replacingOccurrences(of: "temp_url_expires=2147483647", with: "temp_url_expires=1"),
            String(url.prefix { $0 != "?" }),
        ] {
            #expect(try server.curl(altered, "-X", "PUT", "-d", success).status == 401, "\(altered)")
        }
    }

    @Test("HEAT_SIGNAL: a token of Keystone's, and a POST to the resource")
    func heat() throws {
        let (id, inputs) = try deploy("HEAT_SIGNAL")
        let token = try token(inputs)
        let path =
            "/v1/\(inputs["deploy_project_id"] ?? "")/stacks/\(inputs["deploy_stack_id"] ?? "")/resources/\(id)/signal"
        #expect(try server.curl(path, "-d", success, "-H", "X-Auth-Token: \(token)").status == 200)
        #expect(try status("HEAT_SIGNAL") == "COMPLETE")
        #expect(try server.curl(path, "-d", success).status == 401)
        #expect(try server.curl(path, "-d", success, "-H", "X-Auth-Token: \(token)x").status == 401)
        #expect(try server.curl(path, "-d", success, "-H", "X-Auth-Token: 9\(token)").status == 401)
    }

    @Test("whoever asks Heat for the head of the metadata has not got it")
    func headOfMetadata() throws {
        let (_, inputs) = try deploy("HEAT_SIGNAL")
        let token = try token(inputs)
        _ = try server.ctl("node", "create", "other")
        _ = try server.ctl("node", "set", "n", "a=1")
        func isDelivered(_ name: String) throws -> Bool {
            try server.node(name, "delivered", "revision") == server.node(name, "revision")
        }
        let path =
            "/v1/\(inputs["deploy_project_id"] ?? "")/stacks/\(inputs["deploy_stack_id"] ?? "")/resources/n/metadata"
        #expect(try server.curl(path, "-I", "-H", "X-Auth-Token: \(token)").status == 200)
        // They are kept in their order: when another's is, that of this one would be.
        #expect(try server.metadata(of: "other").status == 200)
        #expect(try eventually { try isDelivered("other") })
        #expect(try !isDelivered("n"))
        #expect(try server.curl(path, "-H", "X-Auth-Token: \(token)").status == 200)
        #expect(try eventually { try isDelivered("n") })
    }

    @Test("ZAQAR_SIGNAL: a message in the queue of the deployment")
    func zaqar() throws {
        let (id, inputs) = try deploy("ZAQAR_SIGNAL")
        #expect(inputs["deploy_queue_id"] == id)
        let token = try token(inputs)
        let message = #"{"messages": [{"ttl": 600, "body": {"deploy_status_code": 3}}]}"#
        let answer = try server.curl(
            "/v2/queues/\(id)/messages", "-d", message, "-H", "X-Auth-Token: \(token)", "-H", "Client-ID: x")
        #expect(answer.status == 201)
        #expect(try status("ZAQAR_SIGNAL") == "FAILED")
        #expect(try server.ctl("signals", "n").text.contains("deploy_status_code: 3"))
    }

    @Test("a signal that could not be kept is refused, and the list of nodes stays whole")
    func deepSignal() throws {
        let url = try #require(try deploy("CFN_SIGNAL").inputs["deploy_signal_id"])
        for depth in [509, 510, 511, 600] {
            let body =
                #"{"a": "# + String(repeating: "[", count: depth - 1)
                + String(repeating: "]", count: depth - 1) + "}"
            _ = try server.curl(url, "-d", body, json[0], json[1])
        }
        #expect(try server.ctl("node", "list").status == 0)
        #expect(try server.ctl("signals", "n").status == 0)
    }

    @Test("a failed deployment ends the wait for its node with what went wrong")
    func failure() throws {
        let url = try #require(try deploy("CFN_SIGNAL").inputs["deploy_signal_id"])
        _ = try server.curl(url, "-d", #"{"deploy_status_code": "7"}"#, json[0], json[1])
        let ended = try server.ctl("wait", "--converged", "n")
        #expect(ended.status == 1)
        #expect(ended.errorText == "n: CFN_SIGNAL failed: deploy_status_code: \"7\"\n")
    }

    @Test("a wait condition: a PUT to a signed URL, each UniqueId once")
    func waitCondition() throws {
        _ = try deploy("CFN_SIGNAL")
        let url = try server.ctl("node", "signal-url", "n", "ready").text.trimmingCharacters(in: .newlines)
        func put(_ body: String) throws -> Int {
            try server.curl(url, "-X", "PUT", "-d", body, "-H", "Content-Type:").status
        }
        #expect(try put(#"{"Status": "SUCCESS", "UniqueId": "1", "Reason": "up", "Data": "x"}"#) == 200)
        #expect(try put(#"{"Status": "SUCCESS", "UniqueId": "1", "Reason": "again", "Data": "y"}"#) == 200)
        #expect(try put(#"{"Status": "FAILURE", "UniqueId": "2", "Reason": "down", "Data": "x"}"#) == 200)
        #expect(try put(#"{"Status": "PERHAPS", "UniqueId": "3"}"#) == 400)
        let lines = try server.ctl("signals", "n").text.split(separator: "\n").dropFirst()
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix("ready    COMPLETE  up") == true, "\(lines)")
        #expect(lines.last?.hasSuffix("ready    FAILED    down") == true, "\(lines)")
    }
}
