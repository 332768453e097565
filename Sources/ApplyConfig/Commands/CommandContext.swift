// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import Logging

/// What the commands have in common.
enum CommandContext {
    static func defaultTemplates(_ environment: [String: String]) -> String {
        let directory = DefaultDirectory(
            environment: environment, variable: "OS_CONFIG_APPLIER_TEMPLATES",
            standard: "/usr/libexec/os-apply-config/templates",
            former: ["/opt/stack/os-apply-config/templates", "/opt/stack/os-config-applier/templates"])
        if let old = directory.deprecated {
            StandardStream.error.write(
                "WARNING:root:Template directory \(old) is deprecated.  The recommended location for template files is "
                    + "/usr/libexec/os-apply-config/templates\n")
        }
        return directory.path
    }

    static func layout(_ format: LogFormat) -> AgentLogHandler.Layout {
        format == .json ? .json(program: "os-apply-config") : .bracketed
    }

    static func logger(_ format: LogFormat) -> Logger {
        AgentLogHandler.logger(layout: layout(format), level: .info)
    }
}
