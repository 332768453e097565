// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Logging
import MetadataTree
import TestSupport
import Testing

@testable import CollectConfig

@Suite("The request source")
struct RequestProviderTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func provider(_ transport: ScriptedTransport) -> RequestProvider {
        RequestProvider(
            url: "http://h/x", token: nil,
            client: MetadataClient(
                transport: transport, timeout: .seconds(10), answerLimit: 1 << 20, trust: HTTPRequest.Trust()),
            merger: DeploymentMerger(keys: ["deployments"], logger: logger))
    }

    private func answer(_ body: String, _ headers: [(name: String, value: String)] = [], status: Int = 200)
        -> Result<HTTPResponse, HTTPError>
    {
        .success(HTTPResponse(status: status, headers: headers, body: Array(body.utf8)))
    }

    @Test("asks for what has changed since, and keeps what it has on a 304")
    func conditional() async throws {
        let transport = ScriptedTransport([
            answer(#"{"a": 1}"#, [("ETag", "\"1\""), ("Last-Modified", "then")]), answer("", status: 304),
        ])
        let provider = provider(transport)
        let first = try await provider.collect()
        let second = try await provider.collect()
        #expect(first.map(\.value) == second.map(\.value))
        let headers = transport.requests[1].headers.map { "\($0.name): \($0.value)" }
        #expect(headers.contains("If-None-Match: \"1\""))
        #expect(headers.contains("If-Modified-Since: then"))
    }

    @Test("waits only where the server offers it, and adds the wait to the time limit")
    func waiting() async throws {
        let without = provider(ScriptedTransport([answer("{}")]))
        _ = try await without.collect()
        #expect(await without.waitForChange() == false)

        let offered = [(name: "Preference-Applied", value: "wait=60"), (name: "ETag", value: "\"1\"")]
        let transport = ScriptedTransport([answer(#"{"a": 1}"#, offered), answer(#"{"a": 2}"#, offered)])
        let with = provider(transport)
        _ = try await with.collect()
        #expect(await with.waitForChange())
        #expect(transport.requests[1].timeout == .seconds(70))
        // What the wait has brought is not asked for again; later requests do not wait.
        #expect(try await with.collect().first?.value.object?["a"] == MetadataValue(.integer(2)))
        #expect(transport.requests.count == 2)
        _ = try? await with.collect()
        #expect(!transport.requests[2].headers.contains { $0.name == "Prefer" })
        #expect(transport.requests[0].timeout == .seconds(10))
    }

    @Test("an error while waiting does not end the waiting for good")
    func errorWhileWaiting() async throws {
        let offered = [(name: "Preference-Applied", value: "wait=60"), (name: "ETag", value: "\"1\"")]
        let transport = ScriptedTransport([
            answer(#"{"a": 1}"#, offered), answer("", status: 503), answer("", status: 304),
            answer(#"{"a": 2}"#, offered),
        ])
        let provider = provider(transport)
        _ = try await provider.collect()
        #expect(await provider.waitForChange() == false)
        _ = try await provider.collect()
        #expect(await provider.waitForChange())
    }

    @Test("a server that answers a wait at once is not asked in a circle")
    func hastyServer() async throws {
        let offered = [(name: "Preference-Applied", value: "wait=60"), (name: "ETag", value: "\"1\"")]
        let transport = ScriptedTransport(
            [answer(#"{"a": 1}"#, offered)] + Array(repeating: answer("", offered, status: 304), count: 100))
        let provider = provider(transport)
        _ = try await provider.collect()
        #expect(await provider.waitForChange() == false)
        #expect(transport.requests.count == 2)
    }

    @Test(
        "what is no metadata makes the source unavailable",
        arguments: ["[1]", "5", "\"x\"", "{", "", "null"])
    func brokenAnswers(body: String) async {
        await #expect(throws: ProviderError.self) {
            try await provider(ScriptedTransport([answer(body)])).collect()
        }
    }

    @Test("an answer of an error makes the source unavailable", arguments: [400, 401, 404, 500, 304])
    func errors(status: Int) async {
        await #expect(throws: ProviderError.self) {
            try await provider(ScriptedTransport([answer("{}", status: status)])).collect()
        }
    }
}

@Suite("Names of documents that come from elsewhere")
struct OutputNameTests {
    @Test(
        "those that would leave the cache or take a name are refused",
        arguments: [
            "../evil", "/etc/x", ".", "..", "a:b", "a\nb", "os_config_files", "ec2", "request",
            String(repeating: "x", count: 300),
        ])
    func refused(name: String) {
        #expect(OutputName.objection(to: ByteString(name)) != nil)
    }

    @Test("others are taken", arguments: ["a", "b.json", "..x", "ein Name", "é"])
    func taken(name: String) {
        #expect(OutputName.objection(to: ByteString(name)) == nil)
    }
}

@Suite("The answer to DescribeStackResource")
struct StackResourceDocumentTests {
    private func field(_ text: String) throws -> String? {
        try StackResourceDocument.field("Metadata", in: Array(text.utf8)).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private func document(_ detail: String, attributes: String = "", head: String = "") -> String {
        "\(head)<R\(attributes)><DescribeStackResourceResult><StackResourceDetail>\(detail)"
            + "</StackResourceDetail></DescribeStackResourceResult></R>"
    }

    @Test("the field's text is found, with entities, CDATA, a declaration and a name space")
    func found() throws {
        #expect(try field(document("<Metadata>{&quot;a&quot;: &#49;}</Metadata>")) == #"{"a": 1}"#)
        #expect(try field(document("<Metadata><![CDATA[{}]]></Metadata>")) == "{}")
        #expect(
            try field(
                document(
                    "<Metadata>1</Metadata>", attributes: " xmlns=\"http://x/\"",
                    head: "<?xml version='1.0' encoding='UTF-8'?>")) == "1")
        #expect(try field(document("<Other>1</Other>")) == nil)
        #expect(try field(document("<Other><Metadata>1</Metadata></Other>")) == nil)
    }

    @Test("what is no XML, and what declares entities, is an error")
    func refused() {
        #expect(throws: XMLError.self) { try field("{}") }
        #expect(throws: XMLError.self) { try field("<a><b></a>") }
        #expect(throws: XMLError.self) { try field("") }
        let bomb =
            "<!DOCTYPE R [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;\">]>" + document("<Metadata>&b;</Metadata>")
        #expect(throws: XMLError.self) { try field(bomb) }
    }
}
