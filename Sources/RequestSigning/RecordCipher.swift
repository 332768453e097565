// SPDX-License-Identifier: Apache-2.0

import CLibCrypto
import Glibc

/// What cannot be opened with this key.
package struct CipherError: Error, CustomStringConvertible {
    package let description: String
}

/// AES-256-GCM (NIST SP 800-38D) by the system's libcrypto: a nonce of 12 bytes, the text, a tag of 16 bytes.
package struct RecordCipher: Sendable {
    package static let keyLength = 32

    private let key: [UInt8]

    /// - Parameter key: 32 bytes.
    package init(key: [UInt8]) {
        precondition(key.count == Self.keyLength, "a key of another length")
        self.key = key
    }

    /// - Parameter context: what the bytes are for; they open with the same only.
    /// - Throws: `DigestError` when there is no libcrypto.
    package func seal(_ bytes: [UInt8], context: [UInt8]) throws -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        let nonce = (0..<12).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let (text, tag) = try run(bytes, nonce, context, tag: nil)
        return nonce + text + tag
    }

    /// - Throws: `CipherError` when they were sealed with another key or for something else, or have been changed.
    package func open(_ bytes: [UInt8], context: [UInt8]) throws -> [UInt8] {
        guard bytes.count >= 28 else { throw CipherError(description: "what is sealed is too short") }
        let (nonce, rest) = (Array(bytes[..<12]), bytes[12...])
        return try run(Array(rest.dropLast(16)), nonce, context, tag: Array(rest.suffix(16))).text
    }

    /// Seals where there is no tag, and opens where there is one.
    private func run(
        _ bytes: [UInt8], _ nonce: [UInt8], _ context: [UInt8], tag: [UInt8]?
    ) throws -> (text: [UInt8], tag: [UInt8]) {
        let make = try CryptoLibrary.function("EVP_CIPHER_CTX_new", as: os_EVP_CIPHER_CTX_new.self)
        let free = try CryptoLibrary.function("EVP_CIPHER_CTX_free", as: os_EVP_CIPHER_CTX_free.self)
        let control = try CryptoLibrary.function("EVP_CIPHER_CTX_ctrl", as: os_EVP_CIPHER_CTX_ctrl.self)
        let type = try CryptoLibrary.function("EVP_aes_256_gcm", as: os_EVP_aes_256_gcm.self)
        let start = try CryptoLibrary.function("EVP_CipherInit_ex", as: os_EVP_CipherInit_ex.self)
        let update = try CryptoLibrary.function("EVP_CipherUpdate", as: os_EVP_CipherUpdate.self)
        let finish = try CryptoLibrary.function("EVP_CipherFinal_ex", as: os_EVP_CipherFinal_ex.self)
        guard let state = make() else { throw CipherError(description: "no memory for a cipher") }
        defer { free(state) }
        var output = [UInt8](repeating: 0, count: bytes.count + 16)
        var length: Int32 = 0
        var written: Int32 = 0
        var isGood = start(state, type(), nil, key, nonce, tag == nil ? 1 : 0) == 1
        isGood = isGood && update(state, nil, &length, context, Int32(context.count)) == 1
        isGood = isGood && update(state, &output, &written, bytes, Int32(bytes.count)) == 1
        if var tag {
            isGood = isGood && control(state, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1
        }
        var end = [UInt8](repeating: 0, count: 16)
        isGood = isGood && finish(state, &end, &length) == 1
        var made = [UInt8](repeating: 0, count: 16)
        if tag == nil { isGood = isGood && control(state, EVP_CTRL_AEAD_GET_TAG, 16, &made) == 1 }
        guard isGood else { throw CipherError(description: "it was sealed with another key, or was changed") }
        return (Array(output.prefix(Int(written))), made)
    }
}
