// SPDX-License-Identifier: Apache-2.0

import RequestSigning

/// What nobody can guess.
enum RandomSecret {
    /// 160 bits in hexadecimal digits.
    static func make() -> String { digits(bytes: 20) }

    static func digits(bytes: Int) -> String {
        MessageDigest.hexadecimal((0..<bytes).map { _ in UInt8.random(in: 0...255) })
    }
}
