// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

/// Finds the text of a partial by its name; nil when there is none.
package protocol PartialLoader {
    func partial(_ name: ByteString) throws -> MetadataSource?
}

/// What came of rendering a template.
package struct Rendering: Sendable {
    package var output: [UInt8]
    /// Recorded only when asked for.
    package var sourceMap: SourceMap?
    /// The interpolations whose key is missing, which gave nothing.
    package var missing: [MissingKey] = []
    /// The partials that there are none of, each once.
    package var missingPartials: [MissingKey] = []
    /// The files of the partials that were used.
    package var partials: Set<String> = []

    package init(output: [UInt8] = []) {
        self.output = output
    }
}

/// A name that no context has.
package struct MissingKey: Sendable {
    package let name: ByteString
    package let place: Template.Place
}

extension Template {
    /// Renders the template with `root` as the outermost context.
    ///
    /// - Throws: `TemplateError`, or what `partials` throws.
    package func render(
        _ root: MetadataValue, partials: some PartialLoader, recordsSourceMap: Bool = false
    ) throws -> Rendering {
        var renderer = Renderer(root: root, partials: partials, recordsSourceMap: recordsSourceMap)
        try renderer.run(self)
        return renderer.rendering
    }
}

/// Runs programs on a stack of its own: no template, however deep, can overflow the thread's.
private struct Renderer<Partials: PartialLoader> {
    let partials: Partials
    var context: ContextStack
    var rendering = Rendering()

    private var frames: [Frame] = []
    private var partialDepth = 0
    private var parsedPartials: [PartialUse: Template?] = [:]

    /// A stretch of a program that is being run.
    private struct Frame {
        let template: Template
        var start: Int
        var end: Int
        var place: Int
        var work: Work
    }

    private enum Work {
        case whole
        case partial
        /// A body that is run once; the context it pushed goes when it ends.
        case once(pushed: Bool)
        case each([MetadataValue], current: Int, path: [ByteString]?)
    }

    private struct PartialUse: Hashable {
        let name: ByteString
        let indentation: ByteString
    }

    init(root: MetadataValue, partials: Partials, recordsSourceMap: Bool) {
        self.partials = partials
        context = ContextStack(root: root, recordsPaths: recordsSourceMap)
        if recordsSourceMap { rendering.sourceMap = SourceMap() }
    }

    mutating func run(_ template: Template) throws {
        rendering.sourceMap?.templates.append(template)
        var frame = Frame(template: template, start: 0, end: template.program.count, place: 0, work: .whole)
        while true {
            guard frame.place < frame.end else {
                guard let next = next(after: frame) else { return }
                frame = next
                continue
            }
            let instruction = frame.template.program[frame.place]
            frame.place += 1
            switch instruction {
            case .literal(let range):
                let start = rendering.output.count
                rendering.output.append(contentsOf: frame.template.text[range])
                record(.text, from: start, Template.Place(template: frame.template, offset: range.lowerBound))
            case .interpolation(let name, let offset):
                try interpolate(name, Template.Place(template: frame.template, offset: offset))
            case .section(let name, let end, let offset):
                try checkDepth(Template.Place(template: frame.template, offset: offset))
                let entry = context.lookUp(name)
                note(.section, name, entry, offset, frame.template)
                enter(sectionWork(entry), upTo: end, &frame)
            case .inverted(let name, let end, let offset):
                try checkDepth(Template.Place(template: frame.template, offset: offset))
                let entry = context.lookUp(name)
                note(.inverted, name, entry, offset, frame.template)
                let isTruthy = entry?.value.isTruthy ?? false
                enter(isTruthy ? nil : .once(pushed: false), upTo: end, &frame)
            case .partial(let name, let indentation, let offset):
                let use = PartialUse(name: name, indentation: indentation)
                try enterPartial(use, Template.Place(template: frame.template, offset: offset), &frame)
            }
        }
    }

    private func checkDepth(_ place: Template.Place) throws {
        guard frames.count >= Template.frameLimit else { return }
        throw failure("sections and partials are nested deeper than \(Template.frameLimit) levels", place)
    }

    /// Goes into the body that starts at `frame`'s place, or past it where there is no work.
    private mutating func enter(_ work: Work?, upTo end: Int, _ frame: inout Frame) {
        var body = frame
        frame.place = end
        guard let work else { return }
        body.end = end
        body.start = body.place
        body.work = work
        frames.append(frame)
        frame = body
    }

    /// What is to be run when `frame` has come to its end: its body again, or what it was entered from.
    private mutating func next(after frame: Frame) -> Frame? {
        switch frame.work {
        case .whole: return nil
        case .partial: partialDepth -= 1
        case .once(let pushed): if pushed { context.pop() }
        case .each(let elements, let current, let path):
            context.pop()
            guard current + 1 < elements.count else { break }
            push(elements, current + 1, path)
            var again = frame
            again.place = frame.start
            again.work = .each(elements, current: current + 1, path: path)
            return again
        }
        return frames.popLast()
    }

    // MARK: Sections

    /// How often a section's body runs, with the context of its first run pushed; nil when it does not.
    private mutating func sectionWork(_ entry: ContextStack.Entry?) -> Work? {
        guard let entry, entry.value.isTruthy else { return nil }
        guard case .array(let elements) = entry.value.kind else {
            context.push(entry)
            return .once(pushed: true)
        }
        push(elements, 0, entry.path)
        return .each(elements, current: 0, path: entry.path)
    }

    private mutating func push(_ elements: [MetadataValue], _ index: Int, _ path: [ByteString]?) {
        let elementPath = path.map { $0 + [ByteString(String(index))] }
        context.push(ContextStack.Entry(value: elements[index], path: elementPath))
    }

    // MARK: Interpolation

    private mutating func interpolate(_ name: Template.Name, _ place: Template.Place) throws {
        let found = context.lookUp(name)
        note(.interpolation, name, found, place.offset, place.template)
        guard let entry = found else {
            rendering.missing.append(MissingKey(name: name.text, place: place))
            return
        }
        let start = rendering.output.count
        switch entry.value.kind {
        case .null: break
        case .string(let string):
            guard !string.hasLoneSurrogate else {
                throw failure("'\(name.text)' holds a lone surrogate, which UTF-8 cannot write", place)
            }
            rendering.output.append(contentsOf: string.bytes)
        default: JSONWriter.append(entry.value, to: &rendering.output)
        }
        if let path = entry.path { record(.value(entry.value, path: path), from: start, place) }
    }

    // MARK: The source map

    private mutating func record(_ origin: SourceMap.Origin, from start: Int, _ place: Template.Place) {
        guard rendering.sourceMap != nil, start < rendering.output.count else { return }
        let range = start..<rendering.output.count
        rendering.sourceMap?.segments.append(SourceMap.Segment(output: range, origin: origin, place: place))
    }

    private mutating func note(
        _ kind: Template.Tag.Kind, _ name: Template.Name, _ found: ContextStack.Entry?, _ offset: Int,
        _ template: Template
    ) {
        guard rendering.sourceMap != nil else { return }
        let place = Template.Place(template: template, offset: offset)
        rendering.sourceMap?.uses.append(
            SourceMap.Use(
                kind: kind, name: name.text, path: found?.path, value: found?.value, place: place,
                output: rendering.output.count))
    }

    // MARK: Partials

    private mutating func enterPartial(_ use: PartialUse, _ place: Template.Place, _ frame: inout Frame)
        throws
    {
        guard let partial = try parsed(use, place) else { return }
        guard partialDepth < Template.partialLimit else {
            throw failure("partials use partials deeper than \(Template.partialLimit) levels", place)
        }
        partialDepth += 1
        frames.append(frame)
        frame = Frame(template: partial, start: 0, end: partial.program.count, place: 0, work: .partial)
    }

    private mutating func parsed(_ use: PartialUse, _ place: Template.Place) throws -> Template? {
        if let known = parsedPartials[use] { return known }
        let source = try partials.partial(use.name)
        let template = try source.map { source throws(TemplateError) in
            try Template.parsePartial(source, indentation: use.indentation)
        }
        parsedPartials[use] = .some(template)
        if let template {
            rendering.partials.insert(template.source.name)
            rendering.sourceMap?.templates.append(template)
        } else {
            rendering.missingPartials.append(MissingKey(name: use.name, place: place))
        }
        return template
    }

    private func failure(_ reason: String, _ place: Template.Place) -> TemplateError {
        TemplateError(source: place.source, position: place.position, reason: reason)
    }
}
