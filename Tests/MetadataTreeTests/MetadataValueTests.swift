// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Testing

@Suite("Metadata: merging, paths, equality, writing")
struct MetadataValueTests {
    private func parse(_ text: String) throws -> MetadataValue {
        try JSONParser.parse(Array(text.utf8), name: "m.json")
    }

    @Test(
        "merging goes into objects and replaces everything else",
        arguments: [
            (
                #"{"z":1,"y":2,"x":{"q":1,"p":2}}"#, #"{"a":0,"y":3,"x":{"p":9,"o":8},"z":7}"#,
                #"{"z": 7, "y": 3, "x": {"q": 1, "p": 9, "o": 8}, "a": 0}"#
            ),
            (#"{"a":[1,2]}"#, #"{"a":[3]}"#, #"{"a": [3]}"#),
            (#"{"a":{"b":1}}"#, #"{"a":null}"#, #"{"a": null}"#),
            (#"{"a":{"b":1}}"#, #"{"a":{}}"#, #"{"a": {"b": 1}}"#),
            (#"{"a":1}"#, #"{"a":{"b":1}}"#, #"{"a": {"b": 1}}"#),
        ])
    func merging(first: String, second: String, expected: String) throws {
        var merged = try #require(try parse(first).object)
        merged.merge(try #require(try parse(second).object))
        #expect(JSONWriter.text(of: MetadataValue(.object(merged))) == expected)
    }

    @Test(
        "a dotted path goes through keys and list indices",
        arguments: [
            ("a.b", "1"), ("l.0", "10"), ("l.-1", "30"), ("l.+1", "20"), ("l. 1 ", "20"), ("l.0_1", "20"),
            ("l.١", "20"),
            ("l.3", nil), ("l.-4", nil), ("l.x", nil), ("a.b.c", nil), ("n", nil), ("a.", nil),
            ("", #"{"": 5}"#),
            (".", "5"),
            ("l.", nil), ("l.1_", nil),
        ] as [(String, String?)])
    func paths(path: String, expected: String?) throws {
        let value = try parse(#"{"a": {"b": 1}, "l": [10, 20, 30], "n": null, "": {"": 5}}"#)
        #expect(value.value(at: MetadataPath(path)).map { JSONWriter.text(of: $0) } == expected)
    }

    @Test("a null in a list is missing")
    func nullInList() throws {
        #expect(try parse("[null]").value(at: MetadataPath("0")) == nil)
    }

    @Test(
        "values are equal by type and content, whatever the order of keys",
        arguments: [
            ("1", "1", true), ("1", "1.0", false), ("1", "true", false), ("NaN", "NaN", true),
            ("0.0", "-0.0", false),
            (#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#, true), (#"{"a":1}"#, #"{"a":1,"b":2}"#, false),
            ("[1,2]", "[2,1]", false),
        ])
    func equality(left: String, right: String, expected: Bool) throws {
        #expect((try parse(left) == parse(right)) == expected)
    }

    @Test("the indented layout is Python's with indent=1")
    func indented() throws {
        let value = try parse(#"{"a": [1, {}], "b": {"c": "é"}, "d": []}"#)
        #expect(
            JSONWriter.text(of: value, layout: .indented)
                == "{\n \"a\": [\n  1,\n  {}\n ],\n \"b\": {\n  \"c\": \"\\u00e9\"\n },\n \"d\": []\n}")
    }

    @Test(
        "truth is Python's",
        arguments: [
            ("null", false), ("false", false), ("0", false), ("-0.0", false), ("\"\"", false), ("[]", false),
            ("{}", false),
            ("NaN", true), ("\"0\"", true), ("[0]", true), ("1e-300", true),
        ])
    func truth(text: String, expected: Bool) throws {
        #expect(try parse(text).isTruthy == expected)
    }
}
