// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// Something that is wrong with a tree of templates, or may be.
struct Finding {
    enum Severity: String {
        case error, warning
    }

    /// What was looked for; the names are part of the interface.
    enum Rule: String {
        case templateSyntax = "template-syntax"
        case templateUnreadable = "template-unreadable"
        case controlFile = "control-file"
        case controlOddity = "control-oddity"
        case controlWithoutTemplate = "control-without-template"
        case missingPartial = "missing-partial"
        case executable = "executable"
        case leftover = "leftover"
        case metadata = "metadata"
        case missingKey = "missing-key"
        case unusedKey = "unused-key"
        case render = "render"
        case readableSecret = "world-readable-secret"
    }

    let severity: Severity
    let rule: Rule
    let file: String
    let position: TextPosition?
    let message: String
    /// The text it lies in, where that may be shown.
    let place: (any LocatedError)?

    init(
        _ severity: Severity, _ rule: Rule, _ file: String, _ message: String,
        at position: TextPosition? = nil,
        place: (any LocatedError)? = nil
    ) {
        self.severity = severity
        self.rule = rule
        self.file = file
        self.position = position
        let lead = "\(file): "
        self.message = message.hasPrefix(lead) ? String(message.dropFirst(lead.count)) : message
        self.place = place
    }

    /// An error that lies in a text that may be shown.
    init(_ severity: Severity, _ rule: Rule, _ error: any LocatedError) {
        self.init(severity, rule, error.source.name, error.reason, at: error.position, place: error)
    }
}
