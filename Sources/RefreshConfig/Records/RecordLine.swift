// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// One line of a record: an object whose `type` says what it tells.
struct RecordLine {
    /// The version of the format, in the first line of each record.
    static let version = 1

    enum Kind: String {
        case run
        case phaseStart = "phase-start"
        case hookStart = "hook-start"
        case hook
        case phase
        case end
    }

    let value: MetadataValue

    init(_ kind: Kind, _ members: [(String, MetadataValue?)]) {
        value = JSONShape.object([("type", MetadataValue(string: kind.rawValue))] + members)
    }

    var bytes: [UInt8] { JSONShape.line(value) }
}

extension RecordLine {
    static func start(
        at time: String, process: Int, boot: String?, base: String, words: [String], program: String
    ) -> RecordLine {
        RecordLine(
            .run,
            [
                ("version", JSONShape.number(version)), ("started", MetadataValue(string: time)),
                ("pid", JSONShape.number(process)), ("boot_id", boot.map { MetadataValue(string: $0) }),
                ("program_version", MetadataValue(string: program)), ("base", MetadataValue(string: base)),
                ("arguments", JSONShape.array(words.map { MetadataValue(string: $0) })),
            ])
    }

    /// Nil when the event has no line.
    init?(_ event: RunEvent, time: String) {
        func text(_ text: String) -> MetadataValue { MetadataValue(string: text) }
        switch event {
        case .environmentFound, .environmentFailed: return nil
        case .phaseStarted(let phase, let directory, let hooks, let offset):
            self.init(
                .phaseStart,
                [
                    ("phase", text(phase)), ("offset_us", JSONShape.number(offset.inMicroseconds)),
                    ("hooks", JSONShape.number(hooks)),
                    ("skipped", JSONShape.number(directory.skipped.count)),
                ])
        case .hookStarted(let hook, let offset):
            self.init(
                .hookStart,
                [
                    ("phase", text(hook.phase)), ("hook", text(hook.name)), ("started", text(time)),
                    ("offset_us", JSONShape.number(offset.inMicroseconds)),
                ])
        case .hookEnded(let run):
            var reason: String?
            if case .notStarted(_, let text) = run.ending { reason = text }
            self.init(
                .hook,
                [
                    ("phase", text(run.hook.phase)), ("hook", text(run.hook.name)),
                    ("offset_us", JSONShape.number(run.offset.inMicroseconds)),
                    ("duration_us", JSONShape.number(run.duration.inMicroseconds)),
                    ("result", text(run.ending.word)), ("status", JSONShape.number(Int(run.ending.status))),
                    ("signal", run.ending.signal.map { JSONShape.number(Int($0)) }),
                    ("reason", reason.map(text)),
                    ("stderr", run.errorLines.map { JSONShape.array($0.map(text)) }),
                ])
        case .phaseEnded(let phase, let offset, let duration, let hooks, let isSuccess):
            self.init(
                .phase,
                [
                    ("phase", text(phase)), ("offset_us", JSONShape.number(offset.inMicroseconds)),
                    ("duration_us", JSONShape.number(duration.inMicroseconds)),
                    ("hooks", JSONShape.number(hooks)), ("result", text(isSuccess ? "success" : "failed")),
                ])
        }
    }

    static func end(after duration: Duration, status: Int32, result: String) -> RecordLine {
        RecordLine(
            .end,
            [
                ("duration_us", JSONShape.number(duration.inMicroseconds)),
                ("result", MetadataValue(string: result)), ("status", JSONShape.number(Int(status))),
            ])
    }
}
