// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// What a server can do to the `cfn` source.
extension HostileAnswer {
    /// The answer of a good server, with this text as the resource's metadata.
    static func stackResource(_ metadata: String, prologue: String = "") -> String {
        """
        <?xml version="1.0"?>\(prologue)<DescribeStackResourceResponse><DescribeStackResourceResult>\
        <StackResourceDetail><Metadata>\(metadata)</Metadata></StackResourceDetail>\
        </DescribeStackResourceResult></DescribeStackResourceResponse>
        """
    }

    static let toCloudFormation: [HostileAnswer] = [
        .body("a bomb of entities", stackResource("&i;", prologue: bomb), "it has a document type"),
        .body(
            "an external entity",
            stackResource("&x;", prologue: #"<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#),
            "it has a document type"),
        .body(
            "an external parameter entity",
            stackResource(
                "{}", prologue: #"<!DOCTYPE x [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]>"#),
            "it has a document type"),
        .body("an entity that nobody declared", stackResource("&x;"), "undefined entity"),
        .body("no XML", "{}", "the answer cannot be read"),
        .body("nothing", "", "no element found"),
        .body("half of the XML", String(stackResource("{}").dropLast(40)), "the answer cannot be read"),
        .body("another document", "<html/>", "does not exist"),
        .body("metadata that is no JSON", stackResource("a"), "failed to parse as json"),
        .body("metadata that is a list", stackResource("[1]"), "JSON that is not an object"),
        .body(
            "100,000 elements in one another",
            String(repeating: "<a>", count: 100_000) + String(repeating: "</a>", count: 100_000),
            "it is nested deeper than 32 levels"),
        .body(
            "attributes that every element has",
            "<!DOCTYPE R [\((0..<5000).map { "<!ATTLIST a b\($0) CDATA 'x'>" }.joined())]>"
                + "<R>\(String(repeating: "<a/>", count: 50_000))</R>", "it has a document type"),
        .bytes("bytes that are no text", Array(stackResource("").utf8) + [0xFF, 0x00], "cannot be read"),
        .init(
            "an element without an end", [.head("HTTP/1.1 200 OK"), .text("<a>"), .endlessly(spaces)],
            .down("the answer has more than \(HostileServerTests.answerLimit) bytes")),
        .init(
            "a refusal", [.answer("403 Forbidden", [], "<ErrorResponse><Error/></ErrorResponse>")],
            .down("answered 403")),
        .init(
            "an answer of a time long gone", [.answer("302 Found", ["Location: /x?again"])],
            .down("redirects")),
    ]

    private static let spaces = [UInt8](repeating: 0x20, count: 65536)

    /// Ten entities, each ten times the one before.
    private static let bomb: String = {
        let names = Array("abcdefghi")
        let grown = zip(names.dropFirst(), names).map { name, smaller in
            "<!ENTITY \(name) \"\(String(repeating: "&\(smaller);", count: 10))\">"
        }
        return "<!DOCTYPE x [<!ENTITY a \"lol\">\(grown.joined())]>"
    }()
}
