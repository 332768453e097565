// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Testing

@Suite("Command lines by argparse's rules")
struct OriginalArgumentsTests {
    private static let options: [OriginalArguments.Option] = [
        .init("--templates", "-t", arity: .one), .init("--metadata", "-m", arity: .many),
        .init("--validate", "-v", arity: .none),
        .init("--key", arity: .one), .init("--key-default", arity: .one),
        .init("--version", arity: .immediate),
        .init("--log-file", arity: .one, isOriginal: false),
    ]

    private func read(_ words: [String], positionals: Bool = false) throws -> OriginalArguments {
        try OriginalArguments(words, options: Self.options, takesPositionals: positionals)
    }

    @Test(
        "values come in every form",
        arguments: [
            (["-t", "v"], "--templates", ["v"]), (["-tv"], "--templates", ["v"]),
            (["-t=v"], "--templates", ["v"]),
            (["--templates=v"], "--templates", ["v"]), (["--temp", "v"], "--templates", ["v"]),
            (["--key="], "--key", [""]),
            (["--key-default", "-1"], "--key-default", ["-1"]), (["--key", "-a b"], "--key", ["-a b"]),
            (["-m", "a", "b", "-v"], "--metadata", ["a", "b"]),
            (["-m", "a", "-m", "b"], "--metadata", ["b"]),
            (["-m"], "--metadata", []), (["-vtx"], "--templates", ["x"]),
            (["--log-file", "x"], "--log-file", ["x"]),
        ])
    func values(words: [String], name: String, expected: [String]) throws {
        #expect(try read(words).last(name) == expected)
    }

    @Test(
        "what argparse refuses is refused in its words",
        arguments: [
            (["--bogus"], "unrecognized arguments: --bogus"), (["extra"], "unrecognized arguments: extra"),
            (["-t"], "argument -t/--templates: expected one argument"),
            (["--key", "-x"], "argument --key: expected one argument"),
            (["--validate=1"], "argument -v/--validate: ignored explicit argument '1'"),
            (["--ke", "x"], "ambiguous option: --ke could match --key, --key-default"),
            (["--", "-t", "t"], "unrecognized arguments: -- -t t"),
            (["--log-f", "x"], "unrecognized arguments: --log-f x"),
        ])
    func refusals(words: [String], message: String) {
        #expect { try read(words) } throws: { "\($0)" == message }
    }

    @Test("an immediate option ends the reading, and the first run of words is the positionals")
    func immediateAndPositionals() throws {
        #expect(try read(["--bogus", "--version", "-t"]).immediate == "--version")
        #expect(try read(["-v", "a", "b"], positionals: true).positionals == ["a", "b"])
        #expect(throws: UsageError.self) { try read(["a", "-v", "b"], positionals: true) }
    }
}

@Suite("Configuration files in oslo.config's syntax")
struct INIFileTests {
    @Test("sections, both separators, continuations, quotes and comments are read")
    func entries() throws {
        let text = "# c\n[DEFAULT]\na = 1\nb: x=y\nc = one\n  two\n\n[cfn]\r\npath = \"q 1\"\r\nd='\ne =\n"
        let entries = try INIFile(text, name: "f").entries
        #expect(
            entries.map { "\($0.section).\($0.key)=\($0.value)" } == [
                "DEFAULT.a=1", "DEFAULT.b=x=y", "DEFAULT.c=one\ntwo", "cfn.path=q 1", "cfn.d=", "cfn.e=",
            ])
    }

    @Test(
        "what is no such file is refused with its line",
        arguments: [
            ("a=1", "f:1, Section must be started before assignment: ''"),
            ("[A]\nnonsense", "f:2, No ':' or '=' found in assignment: 'nonsense'"),
            ("[A", "f:1, Invalid section (must end with ]): '[A'"), ("[]", "f:1, Empty section name: '[]'"),
            ("[A]\n=x", "f:2, Key cannot be empty: '=x'"),
            ("  x=1", "f:1, Unexpected continuation line: '  x=1'"),
        ])
    func refusals(text: String, message: String) {
        #expect { try INIFile(text, name: "f") } throws: { "\($0)".hasSuffix(message) }
    }
}
