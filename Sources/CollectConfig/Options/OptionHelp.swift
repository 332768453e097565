// SPDX-License-Identifier: Apache-2.0

/// What os-collect-config says about its command line, from its table of options.
enum OptionHelp {
    static func usage(_ name: String) -> String {
        "usage: \(name) [options] [collectors ...]\n       \(name) status | clean | query [options]\n"
    }

    static func text(_ name: String, subcommands: [(name: String, summary: String)]) -> String {
        let list = subcommands.map { "  \(name) \($0.name) ...\n      \($0.summary)\n" }.joined()
        return """
            \(usage(name))
            Collects metadata from its sources, caches it, and runs a command when it has changed.

            Collectors, asked in the order given: \(OptionTable.sources.joined(separator: ", "))

            Options:
              --config-file FILE
                  Read this configuration file; may be given again.
              --config-dir DIRECTORY
                  Read the *.conf files of this directory.

            """ + OptionTable.all.map(entry).joined() + """
                  -h, --help
                      Show this help.
                  --version
                      Print the version and exit.

                Subcommands (the first word; each has --help):

                """ + list
    }

    private static func entry(_ option: OptionDefinition) -> String {
        let isFlag = option.kind == .boolean
        let spelling = isFlag ? "\(option.spelling), \(option.negatedSpelling)" : option.spelling
        let value = isFlag ? "" : " \(option.placeholder.rawValue.uppercased())"
        let short = option.short.map { "\($0)\(value), " } ?? ""
        let hasStandard = !isFlag && !option.standard.isEmpty
        let standard = hasStandard ? " Default: \(option.standard.joined(separator: ", "))." : ""
        return "  \(short)\(spelling)\(value)\n      \(option.help)\(standard)\n"
    }
}
