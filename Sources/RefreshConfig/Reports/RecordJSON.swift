// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// A record as one JSON document: times in microseconds, as in the record itself.
enum RecordJSON {
    static func run(_ record: RunRecord) -> MetadataValue {
        JSONShape.object([
            ("run", JSONShape.number(record.number)), ("state", text(record.state)),
            ("status", record.status.map(JSONShape.number)), ("started", text(record.started)),
            ("duration_us", record.duration.map(JSONShape.number)), ("pid", JSONShape.number(record.process)),
            ("base", text(record.base)), ("record", text(record.path)),
            ("failed", record.failure.map(hook)),
            ("phases", JSONShape.array(record.phases.map(phase))),
            ("hooks", JSONShape.array(record.hooks.map(hook))),
        ])
    }

    private static func phase(_ phase: RunRecord.PhaseRecord) -> MetadataValue {
        JSONShape.object([
            ("phase", text(phase.phase)), ("offset_us", JSONShape.number(phase.offset)),
            ("duration_us", phase.duration.map(JSONShape.number)), ("result", phase.result.map(text)),
        ])
    }

    private static func hook(_ hook: RunRecord.HookRecord) -> MetadataValue {
        JSONShape.object([
            ("phase", text(hook.phase)), ("hook", text(hook.hook)),
            ("offset_us", JSONShape.number(hook.offset)),
            ("duration_us", hook.duration.map(JSONShape.number)), ("result", hook.result.map(text)),
            ("status", hook.status.map(JSONShape.number)), ("signal", hook.signal.map(JSONShape.number)),
            ("reason", hook.reason.map(text)),
            ("stderr", hook.errorLines.isEmpty ? nil : JSONShape.array(hook.errorLines.map(text))),
        ])
    }

    private static func text(_ text: String) -> MetadataValue { MetadataValue(string: text) }
}
