// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Foundation
import Testing

@testable import CollectConfig

@Suite("The table of options, and what is made from it")
struct OptionTableTests {
    @Test("os-collect-config.conf(5) has each option with its default and unit, as the table has it")
    func manual() throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../man/os-collect-config.conf.5").standardizedFileURL
        let text = try String(contentsOf: url, encoding: .utf8)
        let start = try #require(text.range(of: ".\\\" options\n"))
        let end = try #require(text.range(of: ".\\\" end of options\n"))
        if ProcessInfo.processInfo.environment["UPDATE_MANUAL"] != nil {
            let new = text[..<start.upperBound] + OptionManual.text + text[end.lowerBound...]
            try new.write(to: url, atomically: true, encoding: .utf8)
            return
        }
        #expect(text[start.upperBound..<end.lowerBound] == OptionManual.text, "make manual writes it anew")
    }

    @Test(
        "each option counts on the command line, in a file and in the environment", arguments: OptionTable.all
    )
    func threeWays(_ option: OptionDefinition) throws {
        // Those that end the program are no settings.
        let value = Self.value(of: option)
        let words = option.kind == .boolean ? [option.spelling] : [option.spelling, value]
        let key = Settings.Key(group: option.group, key: option.key)
        let arguments = try OriginalArguments(words, options: OptionTable.rules, takesPositionals: true)
        #expect(try Settings(arguments, environment: ["HOME": "/nonexistent"]).values[key] == [value])

        let nothing = try OriginalArguments([], options: OptionTable.rules, takesPositionals: true)
        let environment = ["HOME": "/nonexistent", option.variable: value]
        #expect(try Settings(nothing, environment: environment).values[key] == [value])

        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).conf")
        defer { try? FileManager.default.removeItem(at: file) }
        try "[\(option.group ?? "DEFAULT")]\n\(option.key) = \(value)\n"
            .write(to: file, atomically: true, encoding: .utf8)
        let named = try OriginalArguments(
            ["--config-file", file.path], options: OptionTable.rules, takesPositionals: true)
        #expect(try Settings(named, environment: ["HOME": "/nonexistent"]).values[key] == [value])
    }

    private static func value(of option: OptionDefinition) -> String {
        switch option.kind {
        case .string, .list: "a value"
        case .number: "1.5"
        case .boolean: "true"
        case .url: "http://h/"
        case .choice(let choices): choices[0]
        }
    }

    /// What nobody sets for a daemon, or what does nothing.
    private static let unset: Set = [
        "one_time", "force", "print", "print_cachedir", "shell_completion", "log_config_append",
        "log_date_format",
        "syslog_log_facility", "use_journal", "use_syslog", "use_websockets",
    ]

    @Test("the element's configuration file can have each option that a daemon has a use for")
    func element() throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent(
                "../../elements/os-collect-config/os-apply-config/etc/os-collect-config.conf"
            ).standardizedFileURL
        let text = try String(contentsOf: url, encoding: .utf8)
        for option in OptionTable.all where !Self.unset.contains(option.key) {
            let key = (["os-collect-config", option.group].compactMap { $0 } + [option.key]).joined(
                separator: ".")
            // The command has a default of its own there.
            let line =
                option.key == "command"
                ? "{{#\(key)}}{{.}}{{/\(key)}}" : "\n{{#\(key)}}\n\(option.key) = {{.}}\n"
            #expect(text.contains(line), "\(key)")
        }
    }

    @Test("the completions of each shell know each option", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) throws {
        let script = try #require(
            OptionCompletions(name: "os-collect-config", subcommands: []).script(for: shell))
        for option in OptionTable.all {
            // fish writes long options without their dashes.
            #expect(script.contains(shell == "fish" ? String(option.spelling.dropFirst(2)) : option.spelling))
        }
    }

    @Test("what cannot be a value is refused, and no secret of it is told")
    func refusals() throws {
        let url = "user:s3cret@h/x?token=s3cret"
        let arguments = try OriginalArguments(
            ["--request-metadata-url", url], options: OptionTable.rules, takesPositionals: true)
        let error = #expect(throws: (any Error).self) {
            _ = try Settings(arguments, environment: ["HOME": "/nonexistent"])
        }
        #expect("\(error, default: "")" == "argument --metadata_url: Invalid URI value: h/x")
    }
}
