// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// All options of os-collect-config: the command line, the configuration files, the environment, the help, the manual and the
/// completions of shells come from here.
enum OptionTable {
    static let sources = ["heat_local", "ec2", "cfn", "heat", "request", "local", "zaqar"]

    static let collectors = OptionDefinition(
        group: nil, name: "collectors", kind: .list, standard: sources, placeholder: .name,
        help:
            "Source to ask; of several lines all count, in order. Sources on the command line replace them.",
        isOriginal: true)

    static let all: [OptionDefinition] =
        general + transport + logging + heatLocal + ec2 + cfn + heat + request + local + keystone + zaqar

    /// The sections of a configuration file that the options are in, in order.
    static let groups: [String?] = [
        nil, "heat_local", "ec2", "cfn", "heat", "request", "local", "keystone", "zaqar",
    ]

    static func definition(_ group: String?, _ key: String) -> OptionDefinition? {
        if group == nil, key == "collectors" { return collectors }
        return all.first { $0.group == group && $0.key == key }
    }

    /// Other spellings of logging options that the original takes.
    private static let aliases = [
        "--log-config-append": ["--log-config", "--log_config"], "--log-file": ["--logfile"],
        "--log-dir": ["--logdir"],
    ]

    /// The command line's rules.
    static let rules: [OriginalArguments.Option] =
        [
            .init("--config-file", arity: .one), .init("--config-dir", arity: .one),
            .init("--help", "-h", arity: .immediate), .init("--version", arity: .immediate),
            .init(CompletionScript.option, arity: .one, isOriginal: false),
        ]
        + all.flatMap { definition -> [OriginalArguments.Option] in
            let spellings = [definition.spelling] + (definition.short.map { [$0] } ?? [])
            let isOriginal = definition.isOriginal
            guard definition.kind == .boolean else {
                let aliases = aliases[definition.spelling] ?? []
                return [.init(spellings + aliases, arity: .one, isOriginal: isOriginal)]
            }
            return [
                .init(spellings, arity: .none, isOriginal: isOriginal),
                .init([definition.negatedSpelling], arity: .none, isOriginal: isOriginal),
            ]
        }
}
