// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The options of os-apply-config", .serialized)
struct ApplyOptionsTests: ApplySandbox {
    let directory: TemporaryDirectory

    init() throws {
        directory = try Self.makeDirectory()
    }

    @Test("--strict lists everything that is missing at once, and nothing is installed (D5)")
    func strict() throws {
        try directory.write("t/etc/a", "{{n.hots}} {{nope}}\n{{>gone}}\n{{#section}}{{/section}}")
        try directory.write("t/etc/b", "{{other}}\n")
        let words = ["-m", "m.json", "missing.json", "--strict"]
        let ended = try command(words).run()
        #expect(ended.status == 1)
        for message in [
            "the metadata file missing.json does not exist",
            "t/etc/a:1:1: the key n.hots is missing; did you mean n.host?",
            "t/etc/a:1:12: the key nope is missing", "t/etc/a:2:1: there is no partial gone",
            "t/etc/b:1:1: the key other is missing",
        ] { #expect(ended.errorText.contains("[ERROR] \(message)\n"), "\(ended.errorText)") }
        #expect(!ended.errorText.contains("section"))
        #expect(!directory.tree().contains { $0.hasPrefix("out") })
        let noTemplates = try command(["-t", "none", "--strict"]).run()
        #expect(noTemplates.status == 1)
        #expect(noTemplates.errorText.contains("the template directory none does not exist"))
    }

    @Test("with --strict no partial comes from outside the template root (BUG 12)")
    func confinedPartials() throws {
        try directory.write("outside.mustache", "outside")
        try directory.write("t/inside.mustache", "inside")
        symlink("../../outside.mustache", directory.file("t/etc/link.mustache"))
        try directory.write("t/etc/a", "{{>inside}}")
        try directory.write("t/etc/b", "")
        #expect(try apply("--strict", "--exclude", "link.mustache").status == 0)
        for name in ["../../outside", "link", directory.file("outside")] {
            try directory.write("t/etc/b", "{{>\(name)}}")
            let ended = try apply("--strict", "--exclude", "link.mustache")
            #expect(ended.status == 1)
            #expect(ended.errorText.contains("there is no partial \(name)"))
            #expect(try apply("--exclude", "link.mustache").status == 0)
        }
    }

    @Test("log lines as JSON are objects that hold what the text holds")
    func jsonLog() throws {
        try directory.write("t/etc/c", "{{missing \"key\"}}\n")
        let ended = try apply("--log-format", "json")
        #expect(ended.status == 0)
        let lines = ended.errorText.split(separator: "\n")
        let objects = try lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        }
        #expect(objects.map { $0["level"] } == ["WARNING", "INFO", "INFO", "INFO", "INFO"])
        #expect(objects.first?["message"]?.contains("missing \"key\"") == true)
        #expect(
            objects.allSatisfy { $0["program"] == "os-apply-config" && $0["time"]?.hasSuffix("Z") == true })
    }

    @Test("completions are made for each shell", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let ended = try ChildProcess([
            Programs.path("os-apply-config"), "--generate-completion-script", shell,
        ]).run()
        #expect(ended.status == 0)
        for word in ["explain", "show-secrets", "fallback-metadata"] { #expect(ended.text.contains(word)) }
        if shell == "bash" {
            #expect(try ChildProcess(["/bin/bash", "-n"], input: ended.output).run().status == 0)
        }
    }

    @Test("a wrong value of an option is told in a line, with status 2, and 64 in subcommands")
    func wrongValues() throws {
        let ended = try apply("--log-format", "xml")
        #expect(ended.status == 2)
        #expect(ended.errorText.contains("os-apply-config: error: "))
        #expect(ended.errorText.contains("'xml'") && !ended.errorText.contains("CommandError"))
        let diff = try ChildProcess([Programs.path("os-apply-config"), "diff", "--template-timeout", "nan"])
            .run()
        #expect(diff.status == 64 && diff.errorText.contains("'nan'"))
    }

    @Test("a subcommand's name behind -m is refused: a preview that was meant does not install")
    func misplacedSubcommand() throws {
        for name in ["diff", "explain", "lint", "watch", "test", "changed"] {
            let ended = try command(["-m", "m.json", name]).run()
            #expect(ended.status == 2)
            #expect(ended.errorText.contains("there is no file '\(name)'"))
        }
        #expect(!directory.tree().contains { $0.hasPrefix("out") })
        try directory.write("diff", "{}")
        #expect(try command(["-m", "m.json", "diff"]).run().status == 0)
    }
}
