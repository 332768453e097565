// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// What keeps os-apply-config from doing what it was asked for, in one line.
struct ConfigError: Error, CustomStringConvertible {
    let description: String
    /// Where it lies, if the text there may be shown.
    let place: (any LocatedError)?

    init(_ description: String, at place: (any LocatedError)? = nil) {
        self.description = description
        self.place = place
    }
}

/// Several errors, none of which kept the others from being found.
struct ErrorList: Error {
    let errors: [any Error]

    init(_ errors: [any Error]) {
        self.errors = errors
    }
}

/// An error in a template or control file.
struct TextError: LocatedError, CustomStringConvertible {
    let source: MetadataSource
    let position: TextPosition
    let reason: String

    var description: String { "\(source.name):\(position): \(reason)" }
}
