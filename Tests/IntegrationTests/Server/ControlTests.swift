// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("os-metadata-server ctl")
struct ControlTests {
    private let server: ServerSandbox

    init() throws {
        server = try ServerSandbox()
        try server.start()
    }

    @Test("makes a node, says what its collector needs, shows, changes, lists and removes it")
    func life() throws {
        try server.directory.write("m.yaml", "mysql: {root-password: Heifs23jk3, port: 3306}\n")
        let created = try server.ctl(
            "node", "create", "web1", "--metadata", "m.yaml", "--address", "10.0.0.1")
        #expect(created.status == 0, "\(created.errorText)")
        let token = try server.node("web1", "credentials", "request", "token")
        #expect(
            created.text == """
                [request]
                metadata_url = \(server.address)/v1/nodes/web1/metadata
                token = \(token)

                """)
        #expect(
            try server.metadata(of: "web1").body
                == #"{"mysql": {"root-password": "Heifs23jk3", "port": 3306}}"#)
        let again = try server.ctl("node", "create", "web1")
        #expect(again.status == 1)
        #expect(again.errorText.contains("the node web1 is there, at revision 1"))

        // That it has got what it is, is an event of the store as well: revisions have gaps.
        let (first, set) = ("1", try server.ctl("node", "set", "web1", "mysql.port:=3307", "app.name=x").text)
        #expect(set == "web1 \(try server.node("web1", "revision"))\n" && set != "web1 \(first)\n")
        let unset = try server.ctl("node", "set", "web1", "--unset", "app").text
        #expect(unset == "web1 \(try server.node("web1", "revision"))\n" && unset != set)
        // What is not there cannot be taken away, and is not made for it.
        #expect(try server.ctl("node", "set", "web1", "--unset", "no.such").text == unset)
        #expect(
            try server.metadata(of: "web1").body
                == #"{"mysql": {"root-password": "Heifs23jk3", "port": 3307}}"#)
        #expect(try server.ctl("node", "set", "web1", "--metadata", "-", input: #"{"a": [1]}"#).status == 0)
        #expect(try server.metadata(of: "web1").body == #"{"a": [1]}"#)
        // The token stays.
        #expect(try server.node("web1", "credentials", "request", "token") == token)

        let list = try server.ctl("node", "list").text.split(separator: "\n")
        #expect(list.count == 2 && list[0].hasPrefix("NAME  REVISION  DELIVERED  MODIFIED"))
        #expect(list[1].hasPrefix("web1  ") && list[1].hasSuffix("0            10.0.0.1"), "\(list)")
        let shown = try server.ctl("node", "show", "web1").text
        #expect(shown.contains("metadata:\n  a:\n  - 1\n") && !shown.contains(token))
        #expect(try server.ctl("node", "delete", "web1").status == 0)
        #expect(try server.ctl("node", "delete", "web1").errorText.contains("there is no node web1"))
        #expect(try server.ctl("node", "list", "-o", "json").text == "[]\n")
    }

    @Test("a difference is told value by value, secrets by their names, with exit status 2")
    func diff() throws {
        try server.directory.write("m.yaml", "{db: {password: old, port: 1}, a: [1]}\n")
        try server.directory.write("n.yaml", "{db: {password: new, port: 1}, b: true}\n")
        _ = try server.ctl("node", "create", "n", "--metadata", "m.yaml")
        #expect(try server.ctl("node", "diff", "n", "m.yaml").status == 0)
        let ended = try server.ctl("node", "diff", "n", "n.yaml")
        #expect(ended.status == 2)
        #expect(ended.text == "-db.password: ‹db.password›\n+db.password: ‹db.password›\n-a: [1]\n+b: true\n")
        #expect(
            try server.ctl("node", "diff", "n", "n.yaml", "--show-secrets").text.contains(
                "+db.password: \"new\""))
        _ = try server.ctl("node", "set", "n", "--metadata", "n.yaml")
        #expect(try server.ctl("node", "diff", "n", "--revision", "1").text.contains("+b: true"))
    }

    @Test("an object takes the place of what was there; a document comes out as it goes in")
    func wholeValues() throws {
        _ = try server.ctl("node", "create", "n")
        _ = try server.ctl("node", "set", "n", #"db:={"host": "a", "port": 1}"#, "x.y=1")
        _ = try server.ctl("node", "set", "n", #"db:={"port": 2}"#)
        #expect(try server.metadata(of: "n").body == #"{"db": {"port": 2}, "x": {"y": "1"}}"#)
        let document = try server.ctl("node", "show", "n", "--document").text
        #expect(try server.ctl("node", "set", "n", "--file", "-", input: document).text == "n 3\n")
    }

    @Test("a change that was made for another revision is refused")
    func lostUpdate() throws {
        _ = try server.ctl("node", "create", "n")
        #expect(try server.ctl("node", "set", "n", "a=1", "--if-revision", "1").status == 0)
        let late = try server.ctl("node", "set", "n", "a=2", "--if-revision", "1")
        #expect(late.status == 1)
        #expect(late.errorText.contains("the node n is there, at revision 2"))
        #expect(try server.metadata(of: "n").body == #"{"a": "1"}"#)
    }

    @Test("history and rollback: the node is what it was, and keeps its token")
    func rollback() throws {
        _ = try server.ctl("node", "create", "n")
        let token = try server.node("n", "credentials", "request", "token")
        for value in ["1", "2", "3"] { _ = try server.ctl("node", "set", "n", "a=\(value)") }
        let history = try server.ctl("node", "history", "n").text
        #expect(history.split(separator: "\n").map { $0.prefix(1) } == ["R", "4", "3", "2", "1"])
        #expect(try server.ctl("node", "rollback", "n").text == "n 5\n")
        #expect(try server.metadata(of: "n").body == #"{"a": "2"}"#)
        #expect(try server.ctl("node", "rollback", "n", "--to", "2").status == 0)
        #expect(try server.metadata(of: "n").body == #"{"a": "1"}"#)
        let last = try server.node("n", "revision")
        #expect(try server.node("n", "credentials", "request", "token") == token)
        #expect(try server.ctl("node", "rollback", "n", "--to", "99").status == 1)
        // Also of one that was removed.
        _ = try server.ctl("node", "delete", "n")
        #expect(try server.ctl("node", "rollback", "n", "--to", last).status == 0)
        #expect(try server.metadata(of: "n").body == #"{"a": "1"}"#)
    }

    @Test("what is exported is what is imported, byte for byte, and only its owner reads it")
    func transfer() throws {
        try server.directory.write(
            "in/web.yaml",
            """
            metadata: {z: 1, a: "yes", text: "#!/bin/sh\\nx\\n"}
            credentials: {request: {token: t0ken}, cfn: {access_key_id: A, secret_access_key: S}}
            instance: {addresses: [10.0.0.5], user_data: "#!/bin/sh\\necho\\n"}
            deployments: [{name: d, config: x, inputs: {b: 1, a: [2]}}]
            """)
        try server.directory.write("in/db.json", #"{"metadata": {"b": 1}}"#)
        try server.directory.write("in/README", "not a node")
        let imported = try server.ctl("import", "in")
        #expect(imported.text == "db 1\nweb 2\n" || imported.text == "web 1\ndb 2\n", "\(imported.errorText)")
        for name in ["one", "two"] {
            mkdir(server.directory.file(name), 0o700)
        }
        #expect(try server.ctl("export", "one").status == 0)
        #expect(server.directory.text("one/web.yaml")?.hasPrefix("metadata:\n  z: 1\n  a: \"yes\"\n") == true)
        var status = stat()
        #expect(stat(server.directory.file("one/web.yaml"), &status) == 0 && status.st_mode & 0o777 == 0o600)
        _ = try server.ctl("node", "delete", "web", "db")
        #expect(try server.ctl("import", "one").status == 0)
        #expect(try server.ctl("export", "two").status == 0)
        for file in ["web.yaml", "db.yaml"] {
            #expect(server.directory.text("one/\(file)") == server.directory.text("two/\(file)"), "\(file)")
        }
        try server.directory.write("odd/db.yaml", "metadata: {}\nbogus: 1\n")
        #expect(try server.ctl("import", "odd").errorText.contains("odd/db.yaml: "))
        // A file that cannot be used changes nothing.
        try server.directory.write("in/db.json", #"{"metadata": {"b": 2}"#)
        let broken = try server.ctl("import", "in")
        #expect(broken.status == 1 && broken.errorText.contains("in/db.json:1:22"), "\(broken.errorText)")
    }

    @Test("changes are told as they come")
    func watch() throws {
        _ = try server.ctl("node", "create", "n")
        let watching = try ChildProcess(
            [
                Programs.path("os-metadata-server"), "ctl", "watch", "--after", "0", "--count", "3",
                "--server",
                server.address, "--token-file", server.directory.file("store/admin-token"),
            ]
        ).start(output: server.directory.file("watched"), errorOutput: "/dev/null")
        #expect(eventually { server.directory.text("watched")?.contains("created") == true })
        _ = try server.ctl("node", "set", "n", "a=1")
        _ = try server.ctl("node", "delete", "n")
        #expect(watching.wait(limit: 20) == 0)
        let lines = server.directory.text("watched")?.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(
            lines?.map { "\($0[1]) \($0[2]) \($0[3]) \($0[4])" }
                == ["1 created n admin", "2 changed n admin", "3 removed n admin"])
    }

    @Test("a list of a node's changes says how far it has looked, whosever they were")
    func quietNode() throws {
        for name in ["a", "b", "c"] { _ = try server.ctl("node", "create", name) }
        let answer = try server.curl("/admin/v1/events?after=0&node=a", "-H", server.admin)
        #expect(answer.body.hasSuffix(#""last": 3}"#) && answer.body.contains(#""node": "a""#))
        let nothing = try server.curl("/admin/v1/events?after=1&node=a", "-H", server.admin)
        #expect(nothing.body == #"{"events": [], "last": 3}"#)
    }

    @Test(
        "mistakes are told in a line",
        arguments: [
            (["node", "create", "a/b"], 1, "a node's name has"),
            (["node", "show", "none"], 1, "there is no node none"),
            (["node", "set", "n"], 64, "nothing to set"),
            (["deploy", "n"], 64, "--config or --file is wanted"),
            (["deploy", "n", "--file", "x", "--group", "y"], 64, "--file has the whole deployment"),
            (["wait", "n"], 64, "--converged is wanted"), (["node", "set", "none", "=x"], 1, "PATH=TEXT"),
            (["import", "/nonexistent"], 1, "/nonexistent"), (["nothing"], 64, "nothing"),
            (["node", "list", "--token-file", "/nonexistent"], 1, "/nonexistent"),
            (["node", "list", "--server", "http://127.0.0.1:1"], 1, "http://127.0.0.1:1: "),
        ])
    func mistakes(words: [String], status: Int32, reason: String) throws {
        let ended = try ChildProcess(
            [Programs.path("os-metadata-server"), "ctl"] + words,
            environment: [
                "PATH": "/usr/bin:/bin", "OS_METADATA_SERVER_URL": server.address,
                "OS_METADATA_ADMIN_TOKEN_FILE": server.directory.file("store/admin-token"),
            ]
        ).run()
        #expect(ended.status == status)
        #expect(ended.errorText.contains(reason), "\(ended.errorText)")
        #expect(ended.text.isEmpty)
    }
}
