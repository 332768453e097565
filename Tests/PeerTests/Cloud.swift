// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// Keystone, Heat with its CloudFormation interface, and Zaqar, with a stack `st` whose resource `web` has metadata.
final class Cloud: Sendable {
    let keystone: String
    let user: String
    let project: String
    let password: String
    let heat: String
    let cloudFormation: String
    let zaqar: String
    let accessKey: String
    let secretKey: String
    let stack: String
    private let token: String
    private let server: RealServer

    /// One for all tests: it takes most of a minute to start.
    static let shared = Result { try Cloud() }

    private init() throws {
        let directory = try TemporaryDirectory()
        server = try RealServer("cloud", [directory.path], in: directory)
        let told = try JSONDecoder().decode([String: String].self, from: server.line)
        func value(_ key: String) throws -> String {
            guard let value = told[key] else { throw ChildProcess.Failure(reason: "no \(key)") }
            return value
        }
        (keystone, user, project) = (try value("keystone"), try value("user"), try value("project"))
        (password, token) = (try value("password"), try value("token"))
        (heat, cloudFormation) = (try value("heat"), try value("cfn"))
        (zaqar, stack) = (try value("zaqar"), try value("stack"))
        (accessKey, secretKey) = (try value("access_key"), try value("secret_key"))
    }

    /// How many tokens Keystone has given.
    var logins: Int {
        (server.directory.text("cloud.log") ?? "").components(separatedBy: "\"POST /v3/auth/tokens").count - 1
    }

    /// The credentials as options of a source.
    func credentials() -> String {
        """
        auth_url = \(keystone)/v3
        user_id = \(user)
        password = \(password)
        project_id = \(project)
        """
    }

    /// Takes back a token.
    func revoke(_ other: String) throws {
        _ = try call("DELETE", "\(keystone)/v3/auth/tokens", headers: ["X-Subject-Token: \(other)"])
    }

    // MARK: The queue

    private var queueHeaders: [String] {
        ["Client-ID: 3381af92-2b9e-11e3-b191-71861300734c", "X-Project-Id: \(project)"]
    }

    func post(_ body: String, to queue: String) throws {
        _ = try call(
            "POST", "\(zaqar)/v2/queues/\(queue)/messages", headers: queueHeaders,
            body: "{\"messages\": [{\"ttl\": 300, \"body\": \(body)}]}")
    }

    /// How many messages the queue has.
    func messages(of queue: String) throws -> Int {
        let text = try call(
            "GET", "\(zaqar)/v2/queues/\(queue)/messages?echo=true&limit=20", headers: queueHeaders)
        return text.components(separatedBy: "\"body\"").count - 1
    }

    private func call(_ method: String, _ url: String, headers: [String], body: String? = nil) throws
        -> String
    {
        let all = ["X-Auth-Token: \(token)", "Content-Type: application/json"] + headers
        let words =
            ["/usr/bin/curl", "-sS", "--fail-with-body", "-X", method] + all.flatMap { ["-H", $0] }
            + (body.map { ["-d", $0] } ?? []) + [url]
        let ended = try ChildProcess(words).run()
        guard ended.status == 0 else {
            throw ChildProcess.Failure(reason: "\(ended.errorText) \(ended.text)")
        }
        return ended.text
    }
}
