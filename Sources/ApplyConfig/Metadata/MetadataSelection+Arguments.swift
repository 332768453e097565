// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import MetadataQuery

extension MetadataSelection {
    /// The files that a command line names.
    init(_ arguments: OriginalArguments) {
        self.init(
            metadata: arguments.last("--metadata") ?? [],
            fallback: arguments.last("--fallback-metadata") ?? MetadataFiles.defaultFallback,
            list: arguments.last("--os-config-files")?.first)
    }
}
