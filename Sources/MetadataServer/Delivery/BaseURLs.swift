// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

/// Tells a client where we are.
struct BaseURLs: Sendable {
    /// `http://HOST:PORT` without a slash at its end; nil: what the request says of it.
    let fixed: String?

    func base(of request: some RequestHead) -> String {
        if let fixed { return fixed }
        let authority = request.authority ?? "localhost"
        let isPlain = authority.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x3A, 0x41...0x5B, 0x61...0x7A, UInt8(ascii: "]"), UInt8(ascii: "."),
                UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return "\(request.scheme ?? "http")://\(isPlain ? authority : "localhost")"
    }
}
