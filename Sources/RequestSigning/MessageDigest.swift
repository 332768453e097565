// SPDX-License-Identifier: Apache-2.0

import CLibCrypto
import Glibc

/// The system's libcrypto cannot be used.
package struct DigestError: Error, CustomStringConvertible {
    package let description: String
}

/// HMAC-SHA256 (RFC 2104) by the system's libcrypto, opened when it is first needed.
package enum MessageDigest {
    /// - Throws: `DigestError` when there is no libcrypto.
    package static func hmacSHA256(_ message: [UInt8], key: [UInt8]) throws(DigestError) -> [UInt8] {
        guard let library = dlopen("libcrypto.so.3", RTLD_NOW) ?? dlopen("libcrypto.so.1.1", RTLD_NOW),
            let hmacAddress = dlsym(library, "HMAC"), let sha256Address = dlsym(library, "EVP_sha256")
        else { throw DigestError(description: "cannot sign: no libcrypto.so.3") }
        let hmac = unsafeBitCast(hmacAddress, to: os_HMAC.self)
        let sha256 = unsafeBitCast(sha256Address, to: os_EVP_sha256.self)
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        // An empty key still needs an address: nil would mean the key of the call before.
        let keyBytes = key.isEmpty ? [0] : key
        let result = hmac(sha256(), keyBytes, Int32(key.count), message, message.count, &digest, &length)
        guard result != nil, length == 32 else { throw DigestError(description: "cannot sign: HMAC failed") }
        return digest
    }

    /// Whether two byte strings are equal, in a time that does not depend on where they differ.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}

/// Base 64 (RFC 4648).
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let chunk = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for offset in 0..<3 {
                bits = bits << 8 | UInt32(offset < chunk.count ? chunk[start + offset] : 0)
            }
            for place in 0..<4 {
                let isPadding = place > chunk.count
                text.append(
                    isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * place) & 0x3F)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
