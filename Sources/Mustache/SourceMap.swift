// SPDX-License-Identifier: Apache-2.0

package import MetadataTree

/// Where each byte of a rendered file came from.
package struct SourceMap: Sendable {
    package enum Origin: Sendable {
        /// Text of a template or partial.
        case text
        /// A value, and its path from the root of the metadata, list indices included.
        case value(MetadataValue, path: [ByteString])
    }

    /// A stretch of output of one origin.
    package struct Segment: Sendable {
        package let output: Range<Int>
        package let origin: Origin
        /// The tag that asked for the value, or where the text starts.
        package let place: Template.Place
    }

    /// A name that was looked up.
    package struct Use: Sendable {
        package let kind: Template.Tag.Kind
        package let name: ByteString
        /// The path of the value that was found; nil: there was none.
        package let path: [ByteString]?
        package let value: MetadataValue?
        package let place: Template.Place
        /// How many bytes of output there were by then.
        package let output: Int
    }

    /// In the order of the output, without gaps.
    package internal(set) var segments: [Segment] = []
    /// In the order of rendering.
    package internal(set) var uses: [Use] = []
    /// The template and the partials that it used.
    package internal(set) var templates: [Template] = []
}

extension [ByteString] {
    /// A path as it is written: its parts with dots between; `.` is the root.
    package var dotted: String { isEmpty ? "." : map(\.text).joined(separator: ".") }
}
