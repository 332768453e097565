// SPDX-License-Identifier: Apache-2.0

import RequestSigning
import Testing

@Suite("Signature version 4")
struct SignatureV4Tests {
    /// Of AWS's own test suite ("aws-sig-v4-test-suite").
    @Test(
        "AWS's examples",
        arguments: [
            ([], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            (
                ["Param2=value2", "Param1=value1"],
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
            ),
        ])
    func examples(parameters: [String], signature: String) throws {
        let signed = SignatureV4(
            method: "GET", path: "/",
            parameters: parameters.map { item in
                let parts = item.split(separator: "=")
                return (name: String(parts[0]), value: String(parts[1]))
            },
            headers: [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")],
            bodyDigest: MessageDigest.hexadecimal(try MessageDigest.sha256([])), time: "20150830T123600Z",
            scope: "20150830/us-east-1/service/aws4_request")
        #expect(try signed.signature(secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY") == signature)
    }
}

@Suite("Sealing records")
struct RecordCipherTests {
    private let cipher = RecordCipher(key: Array(repeating: 7, count: 32))

    @Test("what is sealed opens for the same thing, with the same key, and unchanged")
    func roundTrip() throws {
        for text in [[], [1], Array(repeating: UInt8(9), count: 100_000)] as [[UInt8]] {
            let sealed = try cipher.seal(text, context: [1, 2])
            #expect(try cipher.open(sealed, context: [1, 2]) == text)
            #expect(throws: CipherError.self) { try cipher.open(sealed, context: [1, 3]) }
            let other = RecordCipher(key: Array(repeating: 8, count: 32))
            #expect(throws: CipherError.self) { try other.open(sealed, context: [1, 2]) }
            for place in [0, sealed.count / 2, sealed.count - 1] {
                var changed = sealed
                changed[place] ^= 1
                #expect(throws: CipherError.self) { try cipher.open(changed, context: [1, 2]) }
            }
            #expect(throws: CipherError.self) { try cipher.open(Array(sealed.prefix(27)), context: [1, 2]) }
        }
        #expect(try cipher.seal([1], context: []) != cipher.seal([1], context: []))
    }

    /// McGrew and Viega, "The Galois/Counter Mode of Operation", test case 14.
    @Test("AES-256-GCM")
    func example() throws {
        let sealed: [UInt8] =
            Array(repeating: 0, count: 12) + [
                0xCE, 0xA7, 0x40, 0x3D, 0x4D, 0x60, 0x6B, 0x6E, 0x07, 0x4E, 0xC5, 0xD3, 0xBA, 0xF3, 0x9D,
                0x18,
                0xD0, 0xD1, 0xC8, 0xA7, 0x99, 0x99, 0x6B, 0xF0, 0x26, 0x5B, 0x98, 0xB5, 0xD4, 0x8A, 0xB9,
                0x19,
            ]
        let zero = RecordCipher(key: Array(repeating: 0, count: 32))
        #expect(try zero.open(sealed, context: []) == Array(repeating: 0, count: 16))
    }
}

@Suite("Base 64")
struct Base64Tests {
    @Test(
        "RFC 4648's examples",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ])
    func examples(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(Substring(encoded)) == Array(text.utf8))
    }

    @Test("what is none", arguments: ["Zm9v!", "Zm 9", "é"])
    func refused(text: String) { #expect(Base64.decode(Substring(text)) == nil) }
}
