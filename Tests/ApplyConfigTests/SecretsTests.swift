// SPDX-License-Identifier: Apache-2.0

import MetadataQuery
import MetadataTree
import Testing

@testable import ApplyConfig

@Suite("Which keys are secret, and where their values are")
struct SecretsTests {
    @Test(
        "a key is secret by a part of its path",
        arguments: [
            ("db.password", true), ("db.Root-Password.old", true), ("api_key", true), ("ssl.host_key", true),
            ("passwords.0", true), ("auth.token", true), ("a.pwd", true), ("dsn", true),
            ("db.host", false), ("keyboard", false), ("key", false), ("max_connections", false),
            ("pwdx", false),
        ])
    func patterns(path: String, isSecret: Bool) {
        #expect(SecretKeys(adding: []).isSecret(MetadataPath(path).parts) == isSecret)
    }

    @Test("a pattern that is added counts for parts, one with a dot for the path from the root")
    func addedPatterns() {
        let keys = SecretKeys(adding: ["pin", "db.*.user"])
        #expect(keys.isSecret(MetadataPath("card.PIN").parts))
        #expect(keys.isSecret(MetadataPath("db.main.user").parts))
        #expect(keys.isSecret(MetadataPath("db.main.user.first").parts))
        #expect(!keys.isSecret(MetadataPath("x.db.main.user").parts))
    }

    @Test("what is below a secret key is secret, but null, booleans and nothing are not")
    func values() throws {
        let text =
            #"{"secrets": {"a": 1, "b": [true, null, "", "x"]}, "use": {"token": false}, "c": "d"}"#
        let metadata = try JSONParser.parse(Array(text.utf8), name: "m")
        let found = SecretKeys(adding: []).secrets(in: metadata)
        #expect(found.map { $0.path.map(\.text).joined(separator: ".") } == ["secrets.a", "secrets.b.3"])
    }

    @Test("secrets that overlap are hidden whole, and the usual ways to write one are known")
    func overlaps() throws {
        let text =
            #"{"a": {"password": "aab"}, "b": {"password": "abcdefgh"}, "c": {"token": "pä/ss'w \"ord&"}}"#
        let metadata = try JSONParser.parse(Array(text.utf8), name: "m")
        let mask = SecretMask(SecretKeys(adding: []).secrets(in: metadata))
        #expect(mask.masked("x aabcdefgh y".utf8) == "x ‹a.password› y")
        for written in [
            #"pä/ss'w "ord&"#, #"pä/ss'w \"ord&"#, #"p\u00e4/ss'w \"ord&"#, "p%C3%A4%2Fss%27w%20%22ord%26",
            #"pä/ss'\''w "ord&"#, "pä/ss'w &quot;ord&amp;",
        ] { #expect(mask.masked("[\(written)]".utf8) == "[‹c.token›]", "\(written)") }
    }

    @Test("many secrets that begin alike are looked for in time that grows with the text")
    func manySecrets() {
        var object = MetadataObject()
        for number in 0..<20_000 {
            object[ByteString("password\(number)")] = MetadataValue(string: "secret-value-\(number)-x")
        }
        let mask = SecretMask(SecretKeys(adding: []).secrets(in: MetadataValue(.object(object))))
        let text = [UInt8](repeating: UInt8(ascii: "s"), count: 200_000) + Array("secret-value-777-x".utf8)
        #expect(mask.redactions(in: text).map(\.key) == ["password777"])
    }

    @Test("a value is found as it is, in JSON, in Base64 and by its longer lines; a short one is not")
    func mask() throws {
        let text =
            #"{"password": "se\"cret", "token": "ab", "tls": {"private-key": "BEGIN\nline-one-of-key\nEND"}}"#
        let metadata = try JSONParser.parse(Array(text.utf8), name: "m")
        let mask = SecretMask(SecretKeys(adding: []).secrets(in: metadata))
        #expect(mask.masked("a se\"cret b".utf8) == "a ‹password› b")
        #expect(mask.masked(#"{"x": "se\"cret"}"#.utf8) == #"{"x": "‹password›"}"#)
        #expect(mask.masked("c2UiY3JldA==".utf8) == "‹password›")
        #expect(mask.masked("  line-one-of-key\nab\n".utf8) == "  ‹tls.private-key›\nab\n")
        #expect(mask.masked([0xFF] + Array("se\"cret".utf8)) == "\u{FFFD}‹password›")
    }
}
