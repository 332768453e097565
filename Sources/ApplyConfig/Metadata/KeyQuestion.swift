// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Logging
import MetadataQuery

/// What `--key` and `--boolean-key` ask.
struct KeyQuestion {
    let files: MetadataSelection
    /// Counts where both are given.
    let key: String?
    let booleanKey: String?
    let type: String
    let isStrict: Bool
    let fallback: String?

    /// The question of parsed options; nil when they ask none.
    init?(_ options: ApplyConfigOptions) {
        guard options.key != nil || options.booleanKey != nil else { return nil }
        files = options.common.files
        key = options.key
        booleanKey = options.booleanKey
        type = options.type
        isStrict = options.typeStrict
        fallback = options.keyDefault
    }

    /// The options that a question can do with.
    private static let enough: Set<String> = [
        "--metadata", "--fallback-metadata", "--os-config-files", "--key", "--boolean-key", "--type",
        "--type-strict",
        "--key-default", "--log-file", "--output", "--templates",
    ]

    /// The question that a command line asks, if that is all there is to it. Hooks ask in loops, and the options need no
    /// checking: parsing them takes as long as all the rest.
    init?(_ arguments: OriginalArguments) {
        let key = arguments.last("--key")?.first
        let booleanKey = arguments.last("--boolean-key")?.first
        guard key != nil || booleanKey != nil,
            arguments.occurrences.allSatisfy({ Self.enough.contains($0.name) })
        else { return nil }
        self.key = key
        self.booleanKey = booleanKey
        files = MetadataSelection(arguments)
        type = arguments.last("--type")?.first ?? "default"
        isStrict = arguments.last("--type-strict") != nil
        fallback = arguments.last("--key-default")?.first
    }

    /// Prints the answer to `--key`.
    ///
    /// - Returns: the exit status.
    func answer(environment: [String: String], logger: Logger) throws -> Int32 {
        let files = try MetadataFiles(files, environment: environment, logger: logger)
        let query = KeyQuery(files: files, isStrict: isStrict)
        guard let key else { return try query.status(booleanKey ?? "") }
        StandardStream.output.write(try query.line(key, type: type, fallback: fallback))
        return ExitStatus.success
    }
}
