// SPDX-License-Identifier: Apache-2.0

/// A command line that cannot be read; the program says so under its usage and ends with status 2.
package struct UsageError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Reads command lines by the rules of Python's argparse, which the original agents had and scripts rely on:
/// abbreviated long options, `-tVALUE` and `-t=VALUE`, options with many or no values, negative numbers as values.
package struct OriginalArguments: Sendable {
    package struct Option: Sendable {
        package enum Arity: Sendable {
            case none
            case one
            /// One word; all occurrences count, not only the last.
            case each
            /// As many words as follow, up to the next option.
            case many
            /// Ends the reading where it stands, like `--help`: what comes behind it is not looked at.
            case immediate
        }

        /// The name that the caller knows the option by: its first spelling.
        package var name: String { spellings[0] }
        /// With their dashes: `--templates`, `-t`.
        package let spellings: [String]
        package let arity: Arity
        /// Whether the original had it: only those can be abbreviated.
        package let isOriginal: Bool

        package init(_ spellings: String..., arity: Arity, isOriginal: Bool = true) {
            self.init(spellings, arity: arity, isOriginal: isOriginal)
        }

        package init(_ spellings: [String], arity: Arity, isOriginal: Bool = true) {
            self.spellings = spellings
            self.arity = arity
            self.isOriginal = isOriginal
        }
    }

    package struct Occurrence: Sendable, Equatable {
        package let name: String
        package let values: [String]
    }

    /// The options in the order of the command line.
    package private(set) var occurrences: [Occurrence] = []
    package private(set) var positionals: [String] = []
    /// The name of the occurrence that stands for the positionals, where they were taken.
    package static let positionalName = ""
    /// The `immediate` option that ended the reading.
    package private(set) var immediate: String?

    private let options: [Option]
    private let bySpelling: [String: Option]
    /// As they were given.
    package let words: [String]
    private let takesPositionals: Bool
    private var hasPositionals = false
    private var extras: [String] = []
    private var index = 0

    /// - Parameter takesPositionals: whether words that belong to no option are wanted; argparse takes the first run of them.
    /// - Throws: `UsageError` with argparse's message.
    package init(_ words: [String], options: [Option], takesPositionals: Bool = false) throws(UsageError) {
        self.options = options
        self.words = words
        self.takesPositionals = takesPositionals
        let pairs = options.flatMap { option in option.spellings.map { ($0, option) } }
        bySpelling = Dictionary(pairs) { first, _ in first }
        // An ambiguous word is found before anything is done.
        for word in words.prefix(while: { $0 != "--" }) { _ = try classify(word) }
        try read()
        if immediate == nil, !extras.isEmpty {
            throw UsageError("unrecognized arguments: \(extras.joined(separator: " "))")
        }
    }

    /// The values of the last occurrence of `name`.
    package func last(_ name: String) -> [String]? {
        occurrences.last { $0.name == name }?.values
    }

    /// The command line as ArgumentParser reads it the same way: of each of `rules` the occurrences that count, each value bound
    /// to its option by `=`, but for an empty one, which it takes as a word of its own.
    package func canonicalWords(_ rules: [Option]) -> [String] {
        rules.flatMap { rule -> [String] in
            guard rule.arity != .immediate, let last = last(rule.name) else { return [] }
            let values =
                rule.arity == .each
                ? occurrences.filter { $0.name == rule.name }.flatMap(\.values) : last
            return rule.arity == .none
                ? [rule.name] : values.flatMap { $0.isEmpty ? [rule.name, ""] : ["\(rule.name)=\($0)"] }
        }
    }

    package func count(_ name: String) -> Int { occurrences.count { $0.name == name } }

    // MARK: Reading

    private enum Word {
        case value
        case option(Option, spelling: String, explicit: String?)
        case unknown
        case dashes
    }

    private mutating func read() throws(UsageError) {
        while index < words.count, immediate == nil {
            switch try classify(words[index]) {
            case .value: takePositionals()
            case .dashes:
                extras.append(contentsOf: words[index...])
                index = words.count
            case .unknown:
                extras.append(words[index])
                index += 1
            case .option(let option, let spelling, let explicit):
                index += 1
                try take(option, spelling, explicit)
            }
        }
    }

    private mutating func takePositionals() {
        var run: [String] = []
        while index < words.count, case .some(.value) = try? classify(words[index]) {
            run.append(words[index])
            index += 1
        }
        if takesPositionals, !hasPositionals {
            hasPositionals = true
            positionals = run
            occurrences.append(Occurrence(name: Self.positionalName, values: run))
        } else {
            extras.append(contentsOf: run)
        }
    }

    private mutating func take(_ option: Option, _ spelling: String, _ explicit: String?) throws(UsageError) {
        switch option.arity {
        case .none, .immediate:
            if let explicit { try takeCombined(option, spelling, explicit) } else { note(option, []) }
        case .one, .each:
            if let explicit {
                note(option, [explicit])
            } else if let value = followingValue() {
                note(option, [value])
            } else {
                throw failure(option, "expected one argument")
            }
        case .many:
            if let explicit { return note(option, [explicit]) }
            var values: [String] = []
            while let value = followingValue() { values.append(value) }
            note(option, values)
        }
    }

    /// `-vs x`: a flag and, in the same word, the option after it.
    private mutating func takeCombined(_ option: Option, _ spelling: String, _ rest: String)
        throws(UsageError)
    {
        let isShort = !spelling.hasPrefix("--")
        guard isShort, let first = rest.first, let next = bySpelling["-\(first)"] else {
            throw failure(option, "ignored explicit argument \(Self.quoted(rest))")
        }
        note(option, [])
        guard immediate == nil else { return }
        let tail = rest.dropFirst()
        try take(next, "-\(first)", tail.isEmpty ? nil : String(tail))
    }

    private mutating func note(_ option: Option, _ values: [String]) {
        if option.arity == .immediate { immediate = option.name }
        occurrences.append(Occurrence(name: option.name, values: values))
    }

    private mutating func followingValue() -> String? {
        guard index < words.count, case .some(.value) = try? classify(words[index]) else { return nil }
        index += 1
        return words[index - 1]
    }

    // MARK: What a word is

    private func classify(_ word: String) throws(UsageError) -> Word {
        guard word.hasPrefix("-"), word != "-" else { return .value }
        if word == "--" { return .dashes }
        if let option = bySpelling[word] { return .option(option, spelling: word, explicit: nil) }
        let (name, explicit) = Self.splitAtEquals(word)
        if explicit != nil, let option = bySpelling[name] {
            return .option(option, spelling: name, explicit: explicit)
        }
        let candidates = candidates(for: word, name, explicit)
        if candidates.count > 1 {
            let names = candidates.map(\.spelling).joined(separator: ", ")
            throw UsageError("ambiguous option: \(word) could match \(names)")
        }
        if let only = candidates.first {
            return .option(only.option, spelling: only.spelling, explicit: only.explicit)
        }
        return Self.isNegativeNumber(word) || word.contains(" ") ? .value : .unknown
    }

    private typealias Candidate = (option: Option, spelling: String, explicit: String?)

    /// The options that `word` can mean: long ones it is a prefix of, or the short one it starts with.
    private func candidates(for word: String, _ name: String, _ explicit: String?) -> [Candidate] {
        guard word.hasPrefix("--") else {
            let short = String(word.prefix(2))
            return bySpelling[short].map { [($0, short, String(word.dropFirst(2)))] } ?? []
        }
        return options.filter(\.isOriginal).flatMap { option in
            option.spellings.filter { $0.hasPrefix(name) }.map { (option, $0, explicit) }
        }
    }

    private static func splitAtEquals(_ word: String) -> (name: String, explicit: String?) {
        guard let equals = word.firstIndex(of: "=") else { return (word, nil) }
        return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }

    /// `-1`, `-1.5`, `-.5`.
    private static func isNegativeNumber(_ word: String) -> Bool {
        let parts = word.dropFirst().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isDigits = { (part: Substring) in part.allSatisfy { $0.isASCII && $0.isNumber } }
        guard parts.allSatisfy(isDigits) else { return false }
        return parts.count == 1 ? !parts[0].isEmpty : !parts[1].isEmpty
    }

    private func failure(_ option: Option, _ reason: String) -> UsageError {
        let spellings = option.spellings.sorted { $0.count < $1.count }.joined(separator: "/")
        return UsageError("argument \(spellings): \(reason)")
    }

    /// As Python's `repr` quotes plain text.
    private static func quoted(_ text: String) -> String {
        text.contains("'") && !text.contains("\"") ? "\"\(text)\"" : "'\(text)'"
    }
}
