// SPDX-License-Identifier: Apache-2.0

/// Which bytes of a rendered file came from which key.
package struct SourceMap: Sendable {
    /// A stretch of output that one value gave.
    package struct Segment: Sendable {
        package let output: Range<Int>
        /// The dotted path of the value from the root of the metadata, list indices included; `.` is the root.
        package let key: String
        /// The tag that asked for it.
        package let place: Template.Place
    }

    /// In the order of the output; what lies between them is text of the templates.
    package internal(set) var segments: [Segment] = []
}
