// SPDX-License-Identifier: Apache-2.0

import CLibCrypto
import Glibc

/// The system's libcrypto cannot be used.
package struct DigestError: Error, CustomStringConvertible {
    package let description: String
}

/// Functions of the system's libcrypto, which is opened when one is first needed.
enum CryptoLibrary {
    /// The address of its handle; nil: there is none.
    private static let handle: Int? =
        (dlopen("libcrypto.so.3", RTLD_NOW) ?? dlopen("libcrypto.so.1.1", RTLD_NOW))
        .map { Int(bitPattern: $0) }

    /// - Throws: `DigestError` when there is no such function.
    static func function<Function>(_ name: String, as type: Function.Type) throws(DigestError) -> Function {
        guard let handle, let address = dlsym(UnsafeMutableRawPointer(bitPattern: handle), name) else {
            throw DigestError(description: "cannot sign: no libcrypto.so.3")
        }
        return unsafeBitCast(address, to: type)
    }
}

/// Digests by the system's libcrypto.
package enum MessageDigest {
    /// HMAC-SHA256 (RFC 2104).
    ///
    /// - Throws: `DigestError` when there is no libcrypto.
    package static func hmacSHA256(_ message: [UInt8], key: [UInt8]) throws(DigestError) -> [UInt8] {
        let hmac = try CryptoLibrary.function("HMAC", as: os_HMAC.self)
        let type = try CryptoLibrary.function("EVP_sha256", as: os_EVP_sha256.self)
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        // An empty key still needs an address: nil would mean the key of the call before.
        let keyBytes = key.isEmpty ? [0] : key
        let result = hmac(type(), keyBytes, Int32(key.count), message, message.count, &digest, &length)
        guard result != nil, length == 32 else { throw DigestError(description: "cannot sign: HMAC failed") }
        return digest
    }

    /// SHA-256 (FIPS 180-4).
    ///
    /// - Throws: `DigestError` when there is no libcrypto.
    package static func sha256(_ message: [UInt8]) throws(DigestError) -> [UInt8] {
        let function = try CryptoLibrary.function("SHA256", as: os_SHA256.self)
        var digest = [UInt8](repeating: 0, count: 32)
        guard function(message, message.count, &digest) != nil else {
            throw DigestError(description: "cannot sign: SHA-256 failed")
        }
        return digest
    }

    /// In hexadecimal digits, small ones.
    package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
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
package enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Nil: the text is none. Its padding may be missing.
    package static func decode(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for character in text.utf8.prefix(while: { $0 != UInt8(ascii: "=") }) {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = (bits & 0xFFFF) << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(bits >> UInt32(count) & 0xFF))
            }
        }
        return bytes
    }

    package static func encode(_ bytes: [UInt8]) -> String {
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
