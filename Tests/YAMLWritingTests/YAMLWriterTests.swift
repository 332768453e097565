// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Testing
import YAMLReading
import YAMLWriting

@Suite("Writing YAML")
struct YAMLWriterTests {
    private func check(_ value: MetadataValue) throws {
        let text = YAMLWriter.text(of: value)
        let read = try YAMLReader.read(MetadataSource(name: "out", bytes: Array(text.utf8)))
        #expect(JSONWriter.text(of: read) == JSONWriter.text(of: value), "\(text)")
    }

    @Test(
        "what is read of it is the value again, keys in their order",
        arguments: [
            "{}", "[]", "null", "true", "1", "-7", "1.5", "1e+16", "1e-07", "123456789012345678901", "NaN",
            "-Infinity", #"{"b": 1, "a": {"yes": [1, [], {}, [2, {"c": null}]]}}"#, #"[[["x"]]]"#,
            #"{"": "", "a b": "c"}"#, ##"{"user_data": "#!/bin/sh\necho \"hello\"\n"}"##,
        ])
    func roundTrip(json: String) throws {
        try check(try JSONParser.parse(Array(json.utf8), name: "in"))
    }

    @Test(
        "a string stays a string, and the same one",
        arguments: [
            "", "yes", "No", "null", "~", "1", "1.0", "0600", "1:30", "2026-11-25", "- a", "a: b",
            "# no remark",
            "a # remark", "'", "\"", "\\n", "a\nb\n", "a\nb", "a\n\n\nb\n\n", "  a\n b\n", "\n", "\n\na",
            "tab\there", "\u{7}", "é ü 漢字 🙂", "%TAG", "&a", "*a", "!a", "<<", "=", "/etc/my.cnf", "a \nb",
            "...",
            "---", "\u{feff}a", "a\r\nb", "\u{85} \u{2028}", "a\n b\n", "a\n\u{85}b\n", "a\n\u{2028}\nb",
            ".5", "-", "?",
            "{", "a,b", "0x1f", "1e3", "1_000", "None", "TRUE",
        ])
    func strings(text: String) throws {
        try check(MetadataValue(string: text))
        try check(JSONShape.object([(text, MetadataValue(string: text))]))
        try check(JSONShape.array([MetadataValue(string: text), .null]))
    }

    @Test("blocks, plain words, and texts as they are")
    func layout() throws {
        let json =
            ##"{"name": "web1", "on": "on", "count": 3, "list": ["a", {"b": true}], "text": "#!/bin/sh\nx\n"}"##
        let value = try JSONParser.parse(Array(json.utf8), name: "in")
        #expect(
            YAMLWriter.text(of: value) == """
                name: web1
                "on": "on"
                count: 3
                list:
                - a
                - b: true
                text: |
                  #!/bin/sh
                  x

                """)
    }
}
