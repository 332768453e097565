// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

/// A Mustache template, parsed once to a flat program.
///
/// The dialect is that of pystache 0.6.8 as os-apply-config set it up: no HTML escaping, no lambdas, values other
/// than strings written as JSON.
package struct Template: Sendable {
    /// The text it was parsed from, with the name that messages give it.
    package let source: MetadataSource
    let program: [Instruction]
    /// The bytes that the program points into: for standalone partials what their indentation made of the source.
    let text: [UInt8]
    let lines: TextLines
    /// How many characters of indentation were put before each line of the source that is not empty.
    let indentation: Int

    /// How deep sections may be nested in one template.
    package static let sectionLimit = 512
    /// How deep partials may use partials.
    package static let partialLimit = 256
    /// How deep sections and partials may be nested in each other while rendering.
    static let frameLimit = 4096

    /// One step of the program. Offsets point into the template's text, at the tag's first byte.
    enum Instruction: Sendable {
        /// Bytes of the text, as they are.
        case literal(Range<Int>)
        case interpolation(Name, offset: Int)
        /// Runs the steps up to `end` for each value of a list, once for another truthy value.
        case section(Name, end: Int, offset: Int)
        /// Runs the steps up to `end` if the value is falsy.
        case inverted(Name, end: Int, offset: Int)
        case partial(ByteString, indentation: ByteString, offset: Int)
    }

    /// A name in a tag: `.`, or parts between dots.
    struct Name: Sendable {
        let text: ByteString
        let parts: [ByteString]

        init(_ text: ByteString) {
            self.text = text
            parts = text == "." ? [] : text.split(on: UInt8(ascii: "."))
        }

        /// `{{.}}`: the top of the context stack.
        var isTop: Bool { parts.isEmpty }
    }

    /// The place in the source of the byte `offset` of the indented text.
    static func position(of offset: Int, in lines: TextLines, indentation: Int) -> TextPosition {
        let position = lines.position(of: offset)
        return TextPosition(line: position.line, column: max(1, position.column - indentation))
    }

    /// A tag, or where text starts, in a template or partial.
    package struct Place: Sendable, CustomStringConvertible {
        let template: Template
        let offset: Int

        /// The file with the tag.
        package var file: String { template.source.name }
        package var source: MetadataSource { template.source }
        /// So many bytes further on.
        package func moved(by count: Int) -> Place { Place(template: template, offset: offset + count) }

        /// Found anew each time it is asked for.
        package var position: TextPosition {
            Template.position(of: offset, in: template.lines, indentation: template.indentation)
        }
        package var description: String { "\(file):\(position)" }
    }
}

/// What keeps a template from being parsed or rendered, and where.
package struct TemplateError: LocatedError, CustomStringConvertible {
    /// The template or partial.
    package let source: MetadataSource
    package let position: TextPosition
    package let reason: String

    package var description: String { "\(source.name):\(position): \(reason)" }
}
