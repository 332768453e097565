// SPDX-License-Identifier: Apache-2.0

import Hummingbird

/// Tells a client where we are.
struct BaseURLs: Sendable {
    /// `http://HOST:PORT` without a slash at its end; nil: what the request says of it.
    let fixed: String?

    func base(of request: Request) -> String {
        if let fixed { return fixed }
        let authority = (request.head.authority ?? "localhost").filter { character in
            character.isASCII && (character.isLetter || character.isNumber || ".:-_[]".contains(character))
        }
        return "\(request.head.scheme ?? "http")://\(authority)"
    }
}
