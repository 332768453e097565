// SPDX-License-Identifier: Apache-2.0

/// What os-collect-config says about its command line, from its table of options.
enum CollectConfigHelp {
    static func usage(_ name: String) -> String { "usage: \(name) [options] [collectors ...]\n" }

    static func text(_ name: String) -> String {
        let head = """
            \(usage(name))
            Collects metadata from its sources, caches it, and runs a command when it has changed.

            Collectors, asked in the order given: \(OptionTable.sources.joined(separator: ", "))

            Options:
              --config-file FILE
                  Read this configuration file; may be given again.
              --config-dir DIRECTORY
                  Read the *.conf files of this directory.

            """
        return head + OptionTable.all.map(entry).joined() + """
              -h, --help
                  Show this help.
              --version
                  Print the version and exit.

            """
    }

    private static func entry(_ option: OptionDefinition) -> String {
        let isMissing = ["ec2", "heat", "keystone", "zaqar"].contains(option.group ?? "")
        let remark = isMissing ? " (This version does not have the source.)" : ""
        let spelling =
            option.kind == .boolean ? "\(option.spelling), \(option.negatedSpelling)" : option.spelling
        let value = option.kind == .boolean ? "" : " \(option.name.split(separator: "-").last!.uppercased())"
        let short = option.short.map { "\($0)\(value), " } ?? ""
        let hasStandard = option.kind != .boolean && !option.standard.isEmpty
        let standard = hasStandard ? " Default: \(option.standard.joined(separator: ", "))." : ""
        return "  \(short)\(spelling)\(value)\n      \(option.help)\(standard)\(remark)\n"
    }
}
