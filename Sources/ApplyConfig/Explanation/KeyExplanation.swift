// SPDX-License-Identifier: Apache-2.0

import MetadataQuery
import MetadataTree
import Mustache

/// Shows where a key's value came from, and what it overrode.
struct KeyExplanation {
    let history: KeyHistory
    /// Nil when secrets are to be shown.
    let redactor: Redactor?

    var text: String {
        var lines = ["\(history.path.dotted) = \(shown(history.value))"]
        guard let last = history.entries.last(where: { $0.value != nil }) else { return lines[0] + "\n" }
        lines.append("    from        \(last.location)")
        for entry in history.entries.reversed() where entry.location != last.location {
            lines.append("    \(word(entry)) \(entry.location)\(entry.value.map { ": " + shown($0) } ?? "")")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func word(_ entry: KeyHistory.Entry) -> String {
        guard let value = entry.value else { return "removed by " }
        return value.object != nil && history.value?.object != nil ? "merged with" : "overrides  "
    }

    private func shown(_ value: MetadataValue?) -> String {
        guard let value else { return "" }
        return MetadataText.shown(redactor?.redacted(value, at: history.path) ?? value)
    }

    var json: MetadataValue {
        let entries = history.entries.map { entry in
            JSONShape.object([
                ("file", .init(string: entry.document)), ("location", .init(string: entry.location)),
                ("value", entry.value.map { redactor?.redacted($0, at: history.path) ?? $0 }),
            ])
        }
        let value = history.value.map { redactor?.redacted($0, at: history.path) ?? $0 }
        return JSONShape.object([
            ("key", .init(string: history.path.dotted)), ("value", value),
            ("history", JSONShape.array(entries)),
        ])
    }
}

/// Values for people.
enum MetadataText {
    /// JSON, but with the marks of a hidden value as they are.
    static func shown(_ value: MetadataValue) -> String {
        JSONWriter.text(of: value).replacing("\\u2039", with: "‹").replacing("\\u203a", with: "›")
    }
}

extension Redactor {
    /// `value`, which is at `path`, with the names of keys in place of what is secret.
    func redacted(_ value: MetadataValue, at path: [ByteString]) -> MetadataValue {
        switch value.kind {
        case .object(let object):
            var redacted = MetadataObject()
            for member in object.members {
                redacted[member.key] = self.redacted(member.value, at: path + [member.key])
            }
            return MetadataValue(.object(redacted))
        case .array(let elements):
            let redacted = elements.enumerated().map {
                self.redacted($0.element, at: path + [ByteString(String($0.offset))])
            }
            return MetadataValue(.array(redacted))
        default:
            if keys.holdsSecret(value, at: path) { return MetadataValue(string: "‹\(path.dotted)›") }
            guard let string = value.string else { return value }
            let bytes = Array(string.bytes)
            let found = longMask.redactions(in: bytes)
            guard !found.isEmpty else { return value }
            return MetadataValue(
                string: RedactedText(bytes: bytes, redactions: found).text(of: bytes.indices))
        }
    }
}
