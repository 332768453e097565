// SPDX-License-Identifier: Apache-2.0

/// The completions of shells, from the table of options.
struct OptionCompletions {
    /// The program.
    let name: String
    let subcommands: [(name: String, summary: String)]

    /// A word that may stand on the command line, and what may follow it.
    private struct Word {
        let spelling: String
        let help: String
        /// Nil: it takes no value.
        let value: OptionDefinition.Placeholder?
        var choices: [String] = []
    }

    private var words: [Word] {
        let own = [
            Word(spelling: "--config-file", help: "Read this configuration file.", value: .file),
            Word(
                spelling: "--config-dir", help: "Read the *.conf files of this directory.", value: .directory),
            Word(spelling: "--help", help: "Show the help.", value: nil),
            Word(spelling: "--version", help: "Print the version and exit.", value: nil),
        ]
        return own
            + OptionTable.all.flatMap { option -> [Word] in
                let spellings = [option.spelling] + (option.short.map { [$0] } ?? [])
                if option.kind == .boolean {
                    return (spellings + [option.negatedSpelling]).map {
                        Word(spelling: $0, help: Self.short(option.help), value: nil)
                    }
                }
                var choices: [String] = []
                if case .choice(let all) = option.kind { choices = all }
                return spellings.map {
                    Word(
                        spelling: $0, help: Self.short(option.help), value: option.placeholder,
                        choices: choices)
                }
            }
    }

    /// The script for a shell; nil for one that is not known.
    func script(for shell: String) -> String? {
        switch shell {
        case "bash": bash
        case "zsh": zsh
        case "fish": fish
        default: nil
        }
    }

    private static func short(_ help: String) -> String {
        help.firstRange(of: ". ").map { String(help[..<$0.lowerBound]) + "." } ?? help
    }

    private func spellings(taking values: [OptionDefinition.Placeholder]) -> String {
        words.filter { word in word.value.map(values.contains) ?? false && word.choices.isEmpty }
            .map(\.spelling).joined(separator: "|")
    }

    private var bash: String {
        let others = OptionDefinition.Placeholder.allCases.filter { $0 != .file && $0 != .directory }
        let choices = words.filter { !$0.choices.isEmpty }.map { word in
            "        \(word.spelling)) COMPREPLY=($(compgen -W '\(word.choices.joined(separator: " "))' -- \"$word\")); return ;;\n"
        }.joined()
        let operands = (subcommands.map(\.name) + OptionTable.sources).joined(separator: " ")
        return """
            _\(function)() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
                case $before in
                    \(spellings(taking: [.file]))) COMPREPLY=($(compgen -f -- "$word")); return ;;
                    \(spellings(taking: [.directory]))) COMPREPLY=($(compgen -d -- "$word")); return ;;
                    \(spellings(taking: others))) return ;;
            \(choices)    esac
                if [[ $word == -* ]]; then
                    COMPREPLY=($(compgen -W '\(words.map(\.spelling).joined(separator: " "))' -- "$word"))
                else
                    COMPREPLY=($(compgen -W '\(operands)' -- "$word"))
                fi
            }
            complete -o filenames -F _\(function) \(name)

            """
    }

    private var function: String { name.replacing("-", with: "_") }

    private var zsh: String {
        let options = words.map { word in
            let help = word.help.replacing("'", with: "'\\''").replacing("[", with: "\\[").replacing(
                "]", with: "\\]"
            ).replacing(":", with: "\\:")
            return "    '\(word.spelling)[\(help)]\(Self.zshValue(word))'"
        }.joined(separator: " \\\n")
        let operands = (subcommands.map(\.name) + OptionTable.sources).joined(separator: " ")
        return "#compdef \(name)\n_arguments \\\n\(options) \\\n    '*:source:(\(operands))'\n"
    }

    private static func zshValue(_ word: Word) -> String {
        guard let value = word.value else { return "" }
        if !word.choices.isEmpty { return ":\(value.rawValue):(\(word.choices.joined(separator: " ")))" }
        switch value {
        case .file: return ":file:_files"
        case .directory: return ":directory:_files -/"
        default: return ":\(value.rawValue): "
        }
    }

    private var fish: String {
        let options = words.map { word in
            let isLong = word.spelling.hasPrefix("--")
            let spelling = isLong ? "-l \(word.spelling.dropFirst(2))" : "-s \(word.spelling.dropFirst())"
            let help = word.help.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
            return "complete -c \(name) \(spelling)\(Self.fishValue(word)) -d '\(help)'\n"
        }.joined()
        let operands = (subcommands.map(\.name) + OptionTable.sources).joined(separator: " ")
        return "complete -c \(name) -f -a '\(operands)'\n" + options
    }

    private static func fishValue(_ word: Word) -> String {
        guard let value = word.value else { return "" }
        if !word.choices.isEmpty { return " -x -a '\(word.choices.joined(separator: " "))'" }
        switch value {
        case .file: return " -r -F"
        case .directory: return " -x -a '(__fish_complete_directories)'"
        default: return " -x"
        }
    }
}
