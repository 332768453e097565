// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// A record as one JSON document: times in microseconds, as in the record itself.
enum RecordJSON {
    static func run(_ record: RunRecord) -> MetadataValue {
        JSONShape.object([
            ("run", JSONShape.number(record.number)), ("state", text(record.state)),
            ("status", record.end.map { JSONShape.number($0.status) }), ("started", text(record.started)),
            ("duration_us", record.end.map { JSONShape.number($0.duration) }),
            ("pid", JSONShape.number(record.process)), ("base", text(record.base)),
            ("record", text(record.path)), ("failed", record.failures.first.map(hook)),
            ("phases", JSONShape.array(record.phases.map(phase))),
            ("hooks", JSONShape.array(record.hooks.map(hook))),
        ])
    }

    private static func phase(_ phase: RunRecord.PhaseRecord) -> MetadataValue {
        JSONShape.object([
            ("phase", text(phase.phase)), ("offset_us", JSONShape.number(phase.offset)),
            ("duration_us", phase.end.map { JSONShape.number($0.duration) }),
            ("result", phase.end.map { text($0.result) }),
        ])
    }

    private static func hook(_ hook: RunRecord.HookRecord) -> MetadataValue {
        let end = hook.end
        let lines = end?.errorLines ?? []
        return JSONShape.object([
            ("phase", text(hook.phase)), ("hook", text(hook.hook)),
            ("offset_us", JSONShape.number(hook.offset)),
            ("duration_us", end.map { JSONShape.number($0.duration) }),
            ("result", end.map { text($0.result) }),
            ("status", end.map { JSONShape.number($0.status) }),
            ("signal", end?.signal.map(JSONShape.number)),
            ("reason", end?.reason.map(text)),
            ("stderr", lines.isEmpty ? nil : JSONShape.array(lines.map(text))),
        ])
    }

    private static func text(_ text: String) -> MetadataValue { MetadataValue(string: text) }
}
