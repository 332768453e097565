// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import Logging

/// The log that the settings ask for.
enum CollectorLog {
    static func logger(_ settings: Settings) throws -> Logger {
        let level: Logger.Level = try settings.flag("debug") ? .debug : .warning
        let path = try path(settings)
        let file = path.flatMap { LogFile($0) }
        let layout: AgentLogHandler.Layout =
            try settings.flag("use_json") ? .json(program: "os-collect-config") : .bare
        let logger = AgentLogHandler.logger(layout: layout, level: level, file: file, patience: patience)
        if let path, file == nil { logger.warning("cannot open the log file \(path), ignoring") }
        return logger
    }

    /// How long a line may wait for whoever reads standard error: the loop must not wait for a reader that is stuck.
    private static let patience = Duration.seconds(2)

    /// The log file, in the directory for logs unless it says where it is; nil: there is none.
    static func path(_ settings: Settings) throws -> String? {
        let file = try settings.string(nil, "log_file").flatMap { $0.isEmpty ? nil : $0 }
        guard let directory = try settings.string(nil, "log_dir"), !directory.isEmpty else { return file }
        let name = file ?? "os-collect-config.log"
        return name.hasPrefix("/") ? name : "\(directory)/\(name)"
    }
}
