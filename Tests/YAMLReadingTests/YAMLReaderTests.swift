// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Testing
import YAMLReading

@Suite("YAML 1.1, read as PyYAML's safe_load reads it")
struct YAMLReaderTests {
    private func read(_ text: String) throws -> MetadataValue {
        try YAMLReader.read(MetadataSource(name: "f.yaml", bytes: Array(text.utf8)))
    }

    @Test(
        "a plain scalar is what YAML 1.1 makes of it",
        arguments: [
            ("0600", "384"), ("384", "384"), ("0x1a0", "416"), ("0b110100000", "416"), ("+0600", "384"),
            ("0_600", "384"), ("1:30", "90"), ("0o600", #""0o600""#), ("0888", #""0888""#), ("1.0", "1.0"),
            ("1e3", #""1e3""#), ("1.5e+3", "1500.0"), (".inf", "Infinity"), ("yes", "true"), ("Off", "false"),
            ("n", #""n""#), ("~", "null"), ("", "null"), ("'1'", #""1""#), ("\"yes\"", #""yes""#),
            ("!!str 1", #""1""#), ("!!int \"0600\"", "384"), ("2020-01-01", #""2020-01-01""#),
            ("-", #"[null]"#),
            ("-1", "-1"), ("12345678901234567890", "12345678901234567890"),
        ])
    func scalars(text: String, expected: String) throws {
        #expect(JSONWriter.text(of: try read(text)) == expected)
    }

    @Test("anchors, aliases, merge keys and duplicate keys work")
    func references() throws {
        let text = "base: &b {mode: 1, owner: a}\nfile:\n  <<: *b\n  owner: b\ncopy: *b\nx: 1\nx: 2\n"
        #expect(
            JSONWriter.text(of: try read(text))
                == #"{"base": {"mode": 1, "owner": "a"}, "file": {"mode": 1, "owner": "b"}, "#
                + #""copy": {"mode": 1, "owner": "a"}, "x": 2}"#)
    }

    @Test("values know where they came from")
    func provenance() throws {
        let value = try read("é: {a: 1,\n  b: [x, 2]}\n")
        #expect(value.object?["é"]?.object?["b"]?.array?[1].provenance.location == "f.yaml:2:10")
    }

    @Test(
        "what is no YAML that we take is refused with the place",
        arguments: [
            ("a: [1", "f.yaml:2:1"), ("a: 1\n---\nb: 2\n", "f.yaml:2:1"), ("a: *x\n", "f.yaml:1:4"),
            ("a: !foo 1\n", "f.yaml:1:4"), ("? [a]\n: 1\n", "f.yaml:1:3"), ("a:\t1\n", "f.yaml:1:2"),
            ("a: \u{1}\n", "f.yaml:1:4"),
        ])
    func refusals(text: String, place: String) {
        #expect {
            try read(text)
        } throws: { error in
            "\(error)".hasPrefix(place)
        }
    }

    @Test("aliases cannot make a small document huge")
    func bomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<10 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        #expect(throws: YAMLError.self) { try read(text) }
    }

    @Test("nesting is bounded")
    func nesting() {
        #expect(throws: YAMLError.self) { try read(String(repeating: "[", count: 100_000)) }
    }
}
