// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Mustache
import Testing

/// Partials from a dictionary.
private struct Partials: PartialLoader {
    var texts: [String: String] = [:]

    func partial(_ name: ByteString) throws -> MetadataSource? {
        texts[name.text].map { MetadataSource(name: "\(name).mustache", bytes: Array($0.utf8)) }
    }
}

private func render(
    _ template: String, _ metadata: String = "{}", partials: [String: String] = [:], map: Bool = false
) throws -> Rendering {
    let root = try JSONParser.parse(Array(metadata.utf8), name: "m.json")
    let parsed = try Template.parse(MetadataSource(name: "t", bytes: Array(template.utf8)))
    return try parsed.render(root, partials: Partials(texts: partials), recordsSourceMap: map)
}

private func text(_ template: String, _ metadata: String = "{}", partials: [String: String] = [:]) throws
    -> String
{
    String(decoding: try render(template, metadata, partials: partials).output, as: UTF8.self)
}

@Suite("Mustache, the dialect of os-apply-config")
struct TemplateTests {
    @Test("nothing is escaped, and other values are JSON")
    func interpolation() throws {
        #expect(try text("{{a}} {{{a}}} {{&a}}", #"{"a": "<&\">"}"#) == "<&\"> <&\"> <&\">")
        #expect(
            try text("{{a}}", #"{"a": {"b": [1, null, true, "é"]}}"#) == #"{"b": [1, null, true, "\u00e9"]}"#)
        #expect(try text("[{{a}}{{b}}]", #"{"a": null, "b": ""}"#) == "[]")
    }

    @Test(
        "a template with an error in its sections is refused with the place",
        arguments: [
            ("a\n {{#b}}x", "t:2:2: section {{#b}} is not closed"),
            ("{{^b}}x", "t:1:1: section {{^b}} is not closed"),
            ("{{/a}}", "t:1:1: {{/a}} closes no section"),
            ("{{#a}}{{#b}}{{/a}}", "t:1:13: {{/a}} does not close the section {{#b}} of 1:7"),
            ("é{{=x=}}", "t:1:2: a change of delimiters wants two, as in {{=<% %>=}}"),
        ])
    func sectionErrors(template: String, message: String) {
        #expect {
            try text(template)
        } throws: { error in
            "\(error)" == message
        }
    }

    @Test("bytes that are not UTF-8 are refused with the place")
    func notUTF8() {
        #expect {
            try Template.parse(MetadataSource(name: "t", bytes: [0x0A, 0x61, 0xFF]))
        } throws: { error in
            "\(error)" == "t:2:2: byte 0xff is not UTF-8"
        }
    }

    @Test("nesting is bounded, and what is within the bound renders")
    func nesting() throws {
        let nested = { (levels: Int) in
            String(repeating: "{{#a}}", count: levels) + "x" + String(repeating: "{{/a}}", count: levels)
        }
        #expect(try text(nested(512), #"{"a": true}"#) == "x")
        #expect(throws: TemplateError.self) { try text(nested(513), #"{"a": true}"#) }
        #expect(throws: TemplateError.self) { try text("{{>p}}", partials: ["p": "{{>p}}"]) }
        let chain = Dictionary(uniqueKeysWithValues: (0..<255).map { ("p\($0)", "{{>p\($0 + 1)}}") })
        #expect(try text("{{>p0}}", partials: chain.merging(["p255": "x"]) { $1 }) == "x")
        #expect(throws: TemplateError.self) {
            try text("{{>p0}}", partials: chain.merging(["p255": "{{>q}}", "q": "x"]) { $1 })
        }
    }

    @Test("deep partials with deep sections end in an error, not in an overflow")
    func deepSectionsInPartials() {
        let body =
            String(repeating: "{{#a}}", count: 500) + "{{>p}}" + String(repeating: "{{/a}}", count: 500)
        #expect(throws: TemplateError.self) { try text("{{>p}}", #"{"a": true}"#, partials: ["p": body]) }
    }

    @Test("the time is linear in unclosed tags and in blanks")
    func hostileTemplates() throws {
        let tags = String(repeating: "{{ ", count: 200_000)
        #expect(try text(tags) == tags)
        let blanks = String(repeating: " ", count: 400_000)
        #expect(try text("a\(blanks)b") == "a\(blanks)b")
        let changes = String(repeating: "{{=a}}", count: 50_000)
        #expect(try text(changes).isEmpty)
    }

    @Test("a missing key in an interpolation is counted, in a section it is not")
    func missingKeys() throws {
        let rendering = try render("{{a}}\n{{#b}}{{/b}}{{^c}}{{d.e}}{{/c}}", #"{"d": {}}"#)
        #expect(rendering.missing.map { "\($0.name) \($0.place.position)" } == ["a 1:1", "d.e 2:19"])
    }

    @Test("the source map tells which bytes came from which key")
    func sourceMap() throws {
        let template =
            "[client]\n{{#db.password}}password={{.}}{{/db.password}} {{#users}}{{name}},{{/users}}{{>p}}"
        let metadata = #"{"db": {"password": "s3cret"}, "users": [{"name": "x"}, {"name": "yy"}], "k": 1}"#
        let rendering = try render(template, metadata, partials: ["p": "{{k}}"], map: true)
        let map = try #require(rendering.sourceMap)
        let shown = map.segments.map { segment in
            let bytes = String(decoding: rendering.output[segment.output], as: UTF8.self)
            switch segment.origin {
            case .text: return "\(bytes) \(segment.place)"
            case .value(_, let path): return "\(path.dotted)=\(bytes) \(segment.place)"
            }
        }
        #expect(
            shown == [
                "[client]\n t:1:1", "password= t:2:17", "db.password=s3cret t:2:26", "  t:2:47",
                "users.0.name=x t:2:58", ", t:2:66", "users.1.name=yy t:2:58", ", t:2:66",
                "k=1 p.mustache:1:1",
            ])
        let uses = map.uses.map { "\($0.kind) \($0.path?.dotted ?? "-")" }
        #expect(
            uses == [
                "section db.password", "interpolation db.password", "section users",
                "interpolation users.0.name",
                "interpolation users.1.name", "interpolation k",
            ])
    }

    @Test("a delimiter that is a sigil too closes a tag that holds white space only")
    func sigilDelimiter() throws {
        #expect(try text("{{=| >=}}| >\t\t", #"{" ": "blank"}"#) == "blank\t\t")
        #expect(try text("{{=| >=}}|>\t", #"{}"#) == "|>\t")
    }

    @Test("every mistake of a template is found, each once, with its place")
    func allErrors() {
        let text = "{{#a}}\n{{/x}}\n  {{=|=}}\n{{#b}}{{#c}}{{/b}}\n{{/a}}{{/a}}\n{{^d}}"
        let source = MetadataSource(name: "t", bytes: Array(text.utf8))
        #expect(
            Template.errors(in: source).map(\.description) == [
                "t:2:1: {{/x}} does not close the section {{#a}} of 1:1",
                "t:3:3: a change of delimiters wants two, as in {{=<% %>=}}",
                "t:4:13: {{/b}} does not close the section {{#c}} of 4:7",
                "t:5:7: {{/a}} closes no section", "t:6:1: section {{^d}} is not closed",
            ])
    }

    @Test("a lone surrogate cannot be written by itself, but in a list it can")
    func loneSurrogates() throws {
        #expect(throws: TemplateError.self) { try text("{{a}}", #"{"a": "\ud800"}"#) }
        #expect(try text("{{a}}", #"{"a": ["\ud800"]}"#) == #"["\ud800"]"#)
    }
}
