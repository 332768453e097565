// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A POSIX extended regular expression, matched by the C library byte for byte (regex(7)).
package final class ExtendedExpression {
    private var compiled = regex_t()

    package struct PatternError: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Throws: `PatternError` with the library's own words.
    package init(_ pattern: String) throws(PatternError) {
        let status = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB)
        guard status != 0 else { return }
        var message = [CChar](repeating: 0, count: 256)
        let length = regerror(status, &compiled, &message, message.count)
        let text = String(
            decoding: message.prefix(max(length - 1, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        throw PatternError(description: text)
    }

    deinit { regfree(&compiled) }

    /// Whether the pattern is found in `bytes`; never where they hold a NUL, which C cannot see past.
    package func matches(_ bytes: some Collection<UInt8>) -> Bool {
        guard !bytes.contains(0) else { return false }
        let text = bytes.map(CChar.init(bitPattern:)) + [0]
        return regexec(&compiled, text, 0, nil, 0) == 0
    }
}
