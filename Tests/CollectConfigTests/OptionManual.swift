// SPDX-License-Identifier: Apache-2.0

@testable import CollectConfig

/// The options as os-collect-config.conf(5) lists them, in mdoc(7).
enum OptionManual {
    /// A section of the manual for each section of a file.
    static let text = OptionTable.groups.map(section).joined()

    private static func section(_ group: String?) -> String {
        let collectors = group == nil ? [OptionTable.collectors] : []
        let options = collectors + OptionTable.all.filter { $0.group == group }
        return ".Ss [\(group ?? "DEFAULT")]\n.Bl -tag -width Ds\n" + options.map(entry).joined() + ".El\n"
    }

    private static func entry(_ option: OptionDefinition) -> String {
        var lines = [
            ".It Ic \(option.key) = Ar \(option.kind == .boolean ? "boolean" : option.placeholder.rawValue)"
        ]
        lines += sentences(option.help)
        if option.kind == .list { lines.append("May be given more than once.") }
        if case .choice(let choices) = option.kind {
            lines.append("One of: \(choices.joined(separator: ", ")).")
        }
        if !option.standard.isEmpty {
            let unit = option.unit.map { " \($0)" } ?? ""
            lines.append("Default: \(escaped(option.standard.joined(separator: ", ")))\(unit).")
        } else if let unit = option.unit {
            lines.append("In \(unit).")
        }
        lines.append(".br")
        lines.append("Command line: \(commandLine(option)).")
        if option.kind != .list { lines.append("Environment: \(option.variable).") }
        if !option.isOriginal { lines.append("Not in the Python program.") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func commandLine(_ option: OptionDefinition) -> String {
        if option.name == "collectors" { return "words that belong to no option" }
        let short = option.short.map { "\($0), " } ?? ""
        let negated = option.kind == .boolean ? ", \(option.negatedSpelling)" : ""
        return escaped(short + option.spelling + negated)
    }

    /// A sentence a line, as mdoc(7) wants it.
    private static func sentences(_ text: String) -> [String] {
        escaped(text).replacing(". ", with: ".\n").split(separator: "\n").map(String.init)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("\"", with: "\\(dq")
    }
}
