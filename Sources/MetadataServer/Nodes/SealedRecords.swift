// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataStore
import RequestSigning
import SystemPackage

/// Records under keys of a file: a line of 64 hexadecimal digits each (`openssl rand -hex 32`). The first one seals; all open, so
/// that a new one may be put before the old ones.
struct SealedRecords: RecordSeal {
    /// The first byte of what is sealed: no document starts so.
    private static let mark: UInt8 = 1

    private let ciphers: [RecordCipher]

    /// - Throws: `HostError`; `ServerError` that names file and line.
    init(file path: FilePath) throws {
        let text = String(decoding: try FileContents.read(path), as: UTF8.self)
        var ciphers: [RecordCipher] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let digits = Array(line.filter { !$0.isWhitespace })
            guard !digits.isEmpty else { continue }
            let key = stride(from: 0, to: digits.count - 1, by: 2).compactMap { place in
                digits[place].isHexDigit && digits[place + 1].isHexDigit
                    ? UInt8(String(digits[place...(place + 1)]), radix: 16) : nil
            }
            guard digits.count == 64, key.count == RecordCipher.keyLength else {
                throw ServerError("\(path):\(number + 1): a key of 64 hexadecimal digits is wanted")
            }
            ciphers.append(RecordCipher(key: key))
        }
        guard !ciphers.isEmpty else { throw ServerError("\(path) has no key") }
        self.ciphers = ciphers
    }

    func seal(_ bytes: [UInt8], as name: String) throws -> [UInt8] {
        [Self.mark] + (try ciphers[0].seal(bytes, context: Array(name.utf8)))
    }

    func open(_ bytes: [UInt8], as name: String) throws -> [UInt8] {
        guard bytes.first == Self.mark else {
            throw StoreError.unusable("the record of the \(name) is not one of this version")
        }
        for cipher in ciphers {
            if let text = try? cipher.open(Array(bytes.dropFirst()), context: Array(name.utf8)) {
                return text
            }
        }
        throw StoreError.unusable("the record of the \(name) does not open with the key that is given")
    }
}
