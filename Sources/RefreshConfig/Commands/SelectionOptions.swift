// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem

/// Which phases and hooks are meant.
struct SelectionOptions: ParsableArguments {
    @Option(
        name: .customLong("phase"),
        help: ArgumentHelp("This phase only; may be repeated.", valueName: "name"))
    var phases: [Phase] = []

    @Option(help: ArgumentHelp("Start with this hook: its name, or PHASE/NAME.", valueName: "hook"))
    var from: String?

    static let rules: [OriginalArguments.Option] = [
        .init("--phase", arity: .each, isOriginal: false),
        .init("--from", arity: .one, isOriginal: false),
    ]

    /// - Throws: `RunSelection.SelectionError`, `HostError`, `HookBase.PatternError`.
    func selection(in base: HookBase) throws -> RunSelection {
        // A hook's whole path, as logs have it, is as good.
        let prefix = base.path + "/"
        let first = from.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 }
        return try RunSelection(phases: phases, from: first) { phase in
            try base.directory(of: phase.rawValue)?.hooks ?? []
        }
    }
}

extension Phase: ExpressibleByArgument {}
