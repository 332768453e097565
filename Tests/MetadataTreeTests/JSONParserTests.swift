// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Testing

@Suite("JSON, read as Python reads it")
struct JSONParserTests {
    private func written(_ text: String) throws -> String {
        JSONWriter.text(of: try JSONParser.parse(Array(text.utf8), name: "m.json"))
    }

    @Test(
        "numbers keep their length and lose their spelling",
        arguments: [
            ("0", "0"), ("-0", "0"), ("9223372036854775807", "9223372036854775807"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("-9223372036854775809", "-9223372036854775809"), ("1.0", "1.0"), ("1.50", "1.5"),
            ("-0.0", "-0.0"),
            ("1e3", "1000.0"), ("1e15", "1000000000000000.0"), ("1e16", "1e+16"), ("1e22", "1e+22"),
            ("0.0001", "0.0001"), ("0.00001", "1e-05"), ("5e-324", "5e-324"), ("1e400", "Infinity"),
            ("-1e400", "-Infinity"), ("NaN", "NaN"), ("-Infinity", "-Infinity"),
            ("123456789.123456789", "123456789.12345679"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ])
    func numbers(text: String, expected: String) throws {
        #expect(try written(text) == expected)
    }

    @Test("an integer has 4,300 digits at the most")
    func longIntegers() throws {
        let digits = String(repeating: "7", count: 4300)
        #expect(try written(digits) == digits)
        #expect(throws: JSONError.self) { try written(digits + "7") }
    }

    @Test(
        "strings keep their bytes",
        arguments: [
            (#""é""#, #""\u00e9""#), (#""\ud83d\ude00""#, #""\ud83d\ude00""#), (#""\ud800""#, #""\ud800""#),
            (#""\udc00\ud800""#, #""\udc00\ud800""#), (#""a\/b""#, #""a/b""#), ("\"\u{7f}\"", #""\u007f""#),
            (#""\b\f\n\r\t\"\\""#, #""\b\f\n\r\t\"\\""#), (#""\u0000""#, #""\u0000""#),
        ])
    func strings(text: String, expected: String) throws {
        #expect(try written(text) == expected)
    }

    @Test("of a duplicate key the last value wins and keeps the first place")
    func duplicates() throws {
        #expect(try written(#"{"a": 1, "b": 2, "a": 3}"#) == #"{"a": 3, "b": 2}"#)
    }

    @Test("keys that Swift takes for equal stay two keys")
    func canonicalEquivalence() throws {
        let text = "{\"\u{e9}\": 1, \"e\u{301}\": 2}"
        #expect(try JSONParser.parse(Array(text.utf8), name: "m").object?.count == 2)
    }

    @Test("objects of many keys find each of them")
    func manyKeys() throws {
        let text = "{" + (0..<1000).map { "\"k\($0)\": \($0)" }.joined(separator: ", ") + "}"
        let object = try #require(try JSONParser.parse(Array(text.utf8), name: "m").object)
        for number in 0..<1000 {
            #expect(object[ByteString("k\(number)")] == MetadataValue(.integer(Int64(number))))
        }
        #expect(object["k1000"] == nil)
    }

    @Test(
        "what is not JSON is refused with its place",
        arguments: [
            ("", "1:1"), ("{", "1:2"), ("[1,]", "1:4"), ("{\"a\" 1}", "1:6"),
            ("{\"a\": 1,\n  'b': 2}", "2:3"),
            ("01", "1:1"), ("+1", "1:1"), (".5", "1:1"), ("1.", "1:2"), ("1e", "1:2"), ("-", "1:2"),
            ("nan", "1:1"),
            ("True", "1:1"), ("[1] x", "1:5"), ("\"a\tb\"", "1:3"), ("\"\\x41\"", "1:2"),
            ("\"\\u12\"", "1:2"),
            ("\u{feff}{}", "1:1"), ("\u{a0}1", "1:1"), ("\"abc", "1:1"), ("{\"é\": ?}", "1:7"),
            ("-NaN", "1:2"),
            ("[1]\u{0}", "1:4"),
        ])
    func refusals(text: String, place: String) {
        #expect {
            try JSONParser.parse(Array(text.utf8), name: "m.json")
        } throws: { error in
            "\(error)".hasPrefix("m.json:\(place): ")
        }
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]]
            as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONParser.parse([0x22] + bytes + [0x22], name: "m") }
    }

    @Test("nesting is bounded, with an error")
    func nesting() throws {
        let deep = { (levels: Int) in
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(try written(deep(512)) == deep(512))
        #expect(throws: JSONError.self) { try written(deep(513)) }
        #expect(throws: JSONError.self) { try written(String(repeating: "{\"a\":", count: 1_000_000)) }
    }

    @Test("every value knows where it came from")
    func provenance() throws {
        let value = try JSONParser.parse(Array("{\n \"é\": {\"b\": [1,\n   true]}}".utf8), name: "m.json")
        let list = value.object?["é"]?.object?["b"]
        #expect(list?.provenance.location == "m.json:2:13")
        #expect(list?.array?[1].provenance.location == "m.json:3:4")
    }
}
