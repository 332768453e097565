// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import MetadataTree
import Testing

@testable import MetadataServer

@Suite("Node files")
struct NodeFileTests {
    private func read(_ text: String, isJSON: Bool = false) throws -> NodeRecord {
        let source = MetadataSource(name: "n1.yaml", bytes: Array(text.utf8))
        return try NodeFile.read(source, name: "n1", isJSON: isJSON)
    }

    @Test("metadata and credentials are read, from YAML and JSON")
    func whole() throws {
        let yaml =
            "metadata: {b: 1, a: 2}\ncredentials:\n  request: {token: t}\n  cfn: {access_key_id: A, secret_access_key: S}\n"
        let node = try read(yaml)
        #expect(JSONWriter.text(of: node.metadata) == #"{"b": 1, "a": 2}"#)
        #expect(node.credentials.token == "t")
        #expect(
            node.credentials.cloudFormation
                == .init(accessKey: "A", secretKey: "S", stack: "n1", resource: "n1"))
        let json =
            #"{"metadata": {"b": 1, "a": 2}, "credentials": {"request": {"token": "t"}, "cfn": {"access_key_id": "A", "secret_access_key": "S"}}}"#
        #expect(try read(json, isJSON: true) == node)
    }

    @Test(
        "what cannot be a node is refused with its place",
        arguments: [
            ("metadata: [1]", "n1.yaml:1:11: metadata is an object"),
            ("- 1", "n1.yaml:1:1: the node is an object"),
            ("metdata: {}", "n1.yaml:1:10: unknown key 'metdata' in the node"),
            ("credentials:\n  request: {tokn: x}", "n1.yaml:2:19: unknown key 'tokn' in request"),
            ("credentials:\n  request: {token: 5}", "n1.yaml:2:20: token is a string"),
            ("instance: {addresses: [10.0.0.256]}", "n1.yaml:1:24: an IP address is wanted"),
            ("instance: {addresses: 10.0.0.1}", "n1.yaml:1:23: addresses is a list"),
            ("instance: {public_keys: {a: [1]}}", "n1.yaml:1:29: a public key is a string"),
            ("instance: {network_data: []}", "n1.yaml:1:26: network_data is an object"),
            ("instance: {user-data: x}", "n1.yaml:1:23: unknown key 'user-data' in instance"),
            ("credentials: {cfn: {access_key_id: A}}", "n1.yaml:1:20: cfn has no secret_access_key"),
            ("a: [", "n1.yaml:2:1"),
        ])
    func refusals(text: String, message: String) {
        #expect { try read(text) } throws: { "\($0)".hasPrefix(message) }
    }

    @Test("dates are HTTP's")
    func dates() {
        #expect(HTTPDate.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.timestamp(784_111_777) == "1994-11-06T08:49:37Z")
    }

    @Test("queries are decoded in their order")
    func queries() {
        let query = QueryString("a=1&b=x+y%2F&c&a=2&%zz=%e")
        #expect(query.items.map { "\($0.name)=\($0.value)" } == ["a=1", "b=x y/", "c=", "a=2", "%zz=%e"])
        #expect(query["a"] == "1")
    }
}
