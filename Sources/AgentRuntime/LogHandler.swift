// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Logging

/// Writes log lines in the layout of one of the original agents, to standard error and, where there is one, to a file.
package struct AgentLogHandler: LogHandler {
    /// How a line looks.
    package enum Layout: Sendable {
        /// `[2026/11/22 06:46:51 PM] [INFO] message`: os-apply-config.
        case bracketed
        /// `[2026-11-22 18:43:32,978] (os-refresh-config) [INFO] message`: os-refresh-config.
        case named(String)
        /// The message alone: os-collect-config.
        case bare
        /// `{"time": "2026-11-22T18:43:32.978Z", "level": "INFO", "program": "…", "message": "…"}`, an object a line.
        case json(program: String)
    }

    private let layout: Layout
    private let file: LogFile?
    private let patience: Duration?
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    /// - Parameter patience: how long a line may wait for whoever reads standard error, before it is lost; nil: for ever.
    package init(
        layout: Layout, level: Logger.Level, file: LogFile? = nil, patience: Duration? = nil
    ) {
        self.layout = layout
        self.file = file
        self.patience = patience
        logLevel = level
    }

    /// A logger with this layout.
    package static func logger(
        layout: Layout, level: Logger.Level, file: LogFile? = nil, patience: Duration? = nil
    ) -> Logger {
        Logger(label: "agent") { _ in
            AgentLogHandler(layout: layout, level: level, file: file, patience: patience)
        }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let line = line(Self.name(event.level), event.message.description) + "\n"
        if let patience {
            StandardStream.error.offer(line, patience: patience)
        } else {
            StandardStream.error.write(line)
        }
        file?.write(line)
    }

    private func line(_ level: String, _ message: String) -> String {
        let now = LocalTime.now
        let text = Printable.message(message)
        switch layout {
        case .bracketed: return "[\(now.text("%Y/%m/%d %I:%M:%S %p"))] [\(level)] \(text)"
        case .named(let name):
            return "[\(now.text("%Y-%m-%d %H:%M:%S")),\(now.milliseconds)] (\(name)) [\(level)] \(text)"
        case .bare: return text
        case .json(let program):
            let fields = [
                ("time", now.timestamp), ("level", level), ("program", program), ("message", message),
            ]
            return "{" + fields.map { "\"\($0)\": \(Printable.json($1))" }.joined(separator: ", ") + "}"
        }
    }

    /// Python's names of the levels.
    private static func name(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARNING"
        case .error: "ERROR"
        case .critical: "CRITICAL"
        }
    }
}

/// A moment of the wall clock, in the local time zone.
package struct LocalTime: Sendable {
    private let time: timespec

    package static var now: LocalTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LocalTime(time: time)
    }

    /// Since 1970.
    package var seconds: Int { time.tv_sec }

    /// The moment in the layout of strftime(3).
    package func text(_ layout: String) -> String {
        var seconds = time.tv_sec
        var parts = tm()
        localtime_r(&seconds, &parts)
        return Self.text(layout, parts)
    }

    /// As `text`, in universal time.
    package func universalText(_ layout: String) -> String {
        var seconds = time.tv_sec
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return Self.text(layout, parts)
    }

    private static func text(_ layout: String, _ parts: tm) -> String {
        var parts = parts
        var buffer = [CChar](repeating: 0, count: 128)
        let length = strftime(&buffer, buffer.count, layout, &parts)
        return String(decoding: buffer.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// `2026-11-22T18:43:32.978Z` (RFC 3339).
    package var timestamp: String { "\(universalText("%Y-%m-%dT%H:%M:%S")).\(milliseconds)Z" }

    /// The milliseconds of the second, in three digits.
    package var milliseconds: String {
        let value = String(time.tv_nsec / 1_000_000)
        return String(repeating: "0", count: 3 - value.count) + value
    }
}
