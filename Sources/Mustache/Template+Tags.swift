// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

extension Template {
    /// A tag that asks for something by its name.
    package struct Tag: Sendable {
        package enum Kind: String, Sendable {
            case interpolation, section, inverted, partial
        }

        package let kind: Kind
        /// As written.
        package let name: ByteString
        /// The parts between its dots; none for `.`.
        package let parts: [ByteString]
        /// The names of the sections around it, outermost first.
        package let sections: [ByteString]
        package let place: Place
    }

    /// The tags in the order of the text, without those that close, comment or change delimiters.
    package var tags: [Tag] {
        var open: [(name: ByteString, end: Int)] = []
        var tags: [Tag] = []
        for (index, instruction) in program.enumerated() {
            while let last = open.last, last.end <= index { open.removeLast() }
            let sections = open.map(\.name)
            func add(_ kind: Tag.Kind, _ name: ByteString, _ parts: [ByteString], _ offset: Int) {
                let place = Place(template: self, offset: offset)
                tags.append(Tag(kind: kind, name: name, parts: parts, sections: sections, place: place))
            }
            switch instruction {
            case .literal: break
            case .interpolation(let name, let offset): add(.interpolation, name.text, name.parts, offset)
            case .section(let name, let end, let offset):
                add(.section, name.text, name.parts, offset)
                open.append((name.text, end))
            case .inverted(let name, _, let offset): add(.inverted, name.text, name.parts, offset)
            case .partial(let name, _, let offset): add(.partial, name, [], offset)
            }
        }
        return tags
    }
}
