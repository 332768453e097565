// SPDX-License-Identifier: Apache-2.0

/// What keeps the server from doing what it is asked to: one line for whoever started it.
struct ServerError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
