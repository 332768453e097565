// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import SystemPackage

/// Where the records of runs are.
struct StateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the records of runs are. Default: \(RecordDirectory.standard).", valueName: "directory"),
        completion: .directory)
    var stateDir: String?

    static let rules: [OriginalArguments.Option] = [.init("--state-dir", arity: .one, isOriginal: false)]

    func directory(_ environment: [String: String]) -> FilePath {
        let variable = environment[RecordDirectory.variable].flatMap { $0.isEmpty ? nil : $0 }
        let option = stateDir.flatMap { $0.isEmpty ? nil : $0 }
        return FilePath(option ?? variable ?? RecordDirectory.standard)
    }

    func records(_ environment: [String: String]) -> RecordDirectory {
        RecordDirectory(state: directory(environment))
    }
}
