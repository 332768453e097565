// SPDX-License-Identifier: Apache-2.0

package import ArgumentParser

/// The command line of a subcommand: what the originals do not have.
package protocol SubcommandOptions: ParsableArguments {
    /// The first word of the command line.
    static var name: String { get }
    /// One sentence.
    static var summary: String { get }
    /// What the reader of command lines has to know of the options.
    static var rules: [OriginalArguments.Option] { get }
    /// How the words that belong to no option are shown in the usage; nil: there may be none.
    static var operands: String? { get }

    /// The words that ArgumentParser is to read for those that were given.
    static func canonicalWords(_ given: OriginalArguments, _ rules: [OriginalArguments.Option]) -> [String]
}

/// What came of reading the command line of a subcommand.
package enum SubcommandReading<Options> {
    case options(Options, operands: [String])
    /// Help was wanted, or the command line is wrong: this is said already, and here is the exit status.
    case answered(Int32)
}

extension SubcommandOptions {
    package static var operands: String? { nil }

    package static func canonicalWords(_ given: OriginalArguments, _ rules: [OriginalArguments.Option])
        -> [String]
    {
        given.canonicalWords(rules)
    }

    /// Reads the words behind the name of the subcommand.
    package static func read(_ call: Invocation) -> SubcommandReading<Self> {
        let rules = Self.rules + [.init("--help", "-h", arity: .immediate)]
        do {
            let given = try OriginalArguments(
                Array(call.words.dropFirst()), options: rules, takesPositionals: operands != nil)
            if given.immediate != nil {
                StandardStream.output.write(CommandUsage.help(of: Self.self, shownName(call), summary))
                return .answered(ExitStatus.success)
            }
            return .options(try parse(canonicalWords(given, rules)), operands: given.positionals)
        } catch {
            return .answered(refuse(call, error))
        }
    }

    /// Says what is wrong with the command line.
    ///
    /// - Returns: the exit status.
    package static func refuse(_ call: Invocation, _ error: any Error) -> Int32 {
        CommandUsage.refuse(
            "\(call.name) \(name)", Self.self, operands: operands, error,
            status: ExitStatus.subcommandUsage)
    }

    private static func shownName(_ call: Invocation) -> String {
        "\(call.name) \(name)" + (operands.map { " \($0)" } ?? "")
    }
}
