// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser

/// How what is printed looks.
struct ViewOptions: ParsableArguments {
    @Option(help: ArgumentHelp("When to use colours: auto, always or never.", valueName: "when"))
    var color = Terminal.ColorChoice.auto

    @Flag(help: "Show the values of secret keys.")
    var showSecrets = false

    func terminal(_ call: Invocation) -> Terminal {
        Terminal(.output, environment: call.environment, color: color)
    }

    static let rules: [OriginalArguments.Option] = [
        .init("--color", arity: .one, isOriginal: false),
        .init("--show-secrets", arity: .none, isOriginal: false),
    ]
}
