// SPDX-License-Identifier: Apache-2.0

import AgentRuntime

/// Which metadata files a command line names.
struct MetadataSelection {
    /// Those of `-m`; none: those of the environment or of the list.
    let metadata: [String]
    /// Those that are merged first.
    let fallback: [String]
    /// Where the list of files is, if not at its usual place.
    let list: String?

    init(metadata: [String], fallback: [String], list: String?) {
        self.metadata = metadata
        self.fallback = fallback
        self.list = list
    }

    init(_ arguments: OriginalArguments) {
        self.init(
            metadata: arguments.last("--metadata") ?? [],
            fallback: arguments.last("--fallback-metadata") ?? MetadataFiles.defaultFallback,
            list: arguments.last("--os-config-files")?.first)
    }
}
