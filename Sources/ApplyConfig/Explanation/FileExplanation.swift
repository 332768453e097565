// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Mustache
import SystemPackage

/// Shows which template and which keys made each line of a file.
struct FileExplanation {
    struct Line {
        struct Key {
            let name: String
            /// The place in the metadata that gave the value.
            let location: String?
            /// The tag that asked for it.
            let tag: String
            var kind = Template.Tag.Kind.interpolation
            var isMissing = false

            var role: String {
                switch kind {
                case .section: "section"
                case .inverted: "inverted section"
                case .interpolation, .partial: "asked for"
                }
            }
        }

        let number: Int
        let text: String
        /// The lines of templates whose text is on the line, as `file:line`.
        var places: [String] = []
        var keys: [Key] = []
    }

    let path: String
    let file: RenderedFile
    private(set) var lines: [Line] = []

    /// - Parameters:
    ///   - redactor: nil when secrets are to be shown.
    ///   - prefix: where the metadata that templates saw is in all metadata.
    ///   - only: the line to show; nil for all.
    init(_ file: RenderedFile, path: String, redactor: Redactor?, prefix: [ByteString], only: Int?) {
        self.file = file
        self.path = path
        let text = redactor?.redacted(file, prefix: prefix) ?? RedactedText(bytes: file.body)
        let segments = file.sourceMap?.segments ?? []
        var next = 0
        var start = 0
        var number = 0
        while start < file.body.count {
            let end = file.body[start...].firstIndex(of: 0x0A) ?? file.body.count
            number += 1
            while next < segments.count, segments[next].output.upperBound <= start { next += 1 }
            if only == nil || only == number {
                var line = Line(number: number, text: text.text(of: start..<end))
                for segment in segments[next...].prefix(while: { $0.output.lowerBound <= end }) {
                    line.add(segment, lineStart: start, prefix: prefix)
                }
                for use in uses(from: start, to: end) { line.add(use, prefix: prefix) }
                lines.append(line)
            }
            start = end + 1
        }
    }

    /// The sections that were entered, and the keys that were missing, where the output had got so far.
    private func uses(from start: Int, to end: Int) -> ArraySlice<SourceMap.Use> {
        let uses = file.sourceMap?.uses ?? []
        var (low, high) = (0, uses.count)
        while low < high {
            let middle = (low + high) / 2
            if uses[middle].output < start { low = middle + 1 } else { high = middle }
        }
        return uses[low...].prefix { $0.output <= end }
    }

    // MARK: For people

    var text: String {
        var head = [path, "    template   \(file.template)\(file.isExecutable ? " (a program)" : "")"]
        if let control = file.entry.controlPath { head.append("    control    \(control)\(controls)") }
        if file.isRemoval {
            head.append("    no file: the template came out empty, and allow_empty is false")
        }
        let width = String(lines.last?.number ?? 0).count
        let body = lines.flatMap { line -> [String] in
            let number = String(line.number)
            let margin = String(repeating: " ", count: width)
            let pad = String(repeating: " ", count: width - number.count)
            let first = " \(pad)\(number) | \(line.text)"
            let places = line.places.map { " \(margin) |     \($0)" }
            let keys = line.keys.map { key in
                " \(margin) |     \(key.name)\(key.isMissing ? " is missing" : key.location.map { " from \($0)" } ?? ""), \(key.role) at \(key.tag)"
            }
            return [first] + places + keys
        }
        return (head + body).map { $0 + "\n" }.joined()
    }

    private var controls: String {
        var words: [String] = []
        if let mode = file.controls.mode { words.append("mode \(mode.octalMode)") }
        if let owner = file.controls.owner { words.append("owner \(owner.text)") }
        if let group = file.controls.group { words.append("group \(group.text)") }
        if !file.controls.allowEmpty { words.append("not if empty") }
        if file.controls.check != nil { words.append("checked") }
        if !file.controls.groups.isEmpty {
            words.append("changes \(file.controls.groups.joined(separator: ", "))")
        }
        return words.isEmpty ? "" : ": " + words.joined(separator: ", ")
    }

    // MARK: For machines

    var json: MetadataValue {
        let lines = lines.map { line in
            JSONShape.object([
                ("number", JSONShape.number(line.number)), ("text", .init(string: line.text)),
                ("templates", JSONShape.array(line.places.map { .init(string: $0) })),
                (
                    "keys",
                    JSONShape.array(
                        line.keys.map { key in
                            JSONShape.object([
                                ("key", .init(string: key.name)),
                                ("from", key.location.map { .init(string: $0) }),
                                ("tag", .init(string: key.tag)),
                                ("kind", .init(string: key.kind.rawValue)),
                                ("missing", key.isMissing ? MetadataValue(.boolean(true)) : nil),
                            ])
                        })
                ),
            ])
        }
        return JSONShape.object([
            ("file", .init(string: path)), ("template", .init(string: file.template.string)),
            ("control", file.entry.controlPath.map { .init(string: $0.string) }),
            ("executable", MetadataValue(.boolean(file.isExecutable))),
            ("mode", file.controls.mode.map { .init(string: $0.octalMode) }),
            ("owner", file.controls.owner.map { .init(string: $0.text) }),
            ("group", file.controls.group.map { .init(string: $0.text) }),
            ("lines", JSONShape.array(lines)),
        ])
    }
}

extension FileExplanation.Line {
    fileprivate mutating func add(_ segment: SourceMap.Segment, lineStart: Int, prefix: [ByteString]) {
        switch segment.origin {
        case .text:
            let start = segment.place.moved(by: max(0, lineStart - segment.output.lowerBound))
            let place = "\(start.file):\(start.position.line)"
            if !places.contains(place) { places.append(place) }
        case .value(let value, let path):
            keys.append(
                Key(
                    name: (prefix + path).dotted, location: value.provenance.location,
                    tag: segment.place.description))
        }
    }
}

extension FileExplanation.Line {
    fileprivate mutating func add(_ use: SourceMap.Use, prefix: [ByteString]) {
        let isTrue = use.value?.isTruthy == true
        switch use.kind {
        case .interpolation where use.path == nil: break
        case .section where isTrue: break
        case .inverted where !isTrue: break
        default: return
        }
        let name = use.path.map { (prefix + $0).dotted } ?? use.name.text
        let key = Key(
            name: name, location: use.value?.provenance.location, tag: use.place.description, kind: use.kind,
            isMissing: use.path == nil)
        keys.append(key)
    }
}

extension TemplateControls.Owner {
    /// The name or the number.
    var text: String {
        switch self {
        case .id(let id): String(id)
        case .name(let name): name
        }
    }
}
