// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Testing

@Suite("Places in a text")
struct TextLinesTests {
    @Test("a place is the same however it is found, in short lines, long ones, and with every line end")
    func places() {
        let texts = [
            "", "a", "a\nb", "a\r\nb\rc\n", String(repeating: "ä", count: 3000),
            String(repeating: "\n", count: 2049),
            String(repeating: "x", count: 1023) + "\r\nend", String(repeating: "ab\r\n", count: 700),
        ]
        for text in texts {
            let bytes = Array(text.utf8)
            let lines = TextLines(bytes)
            for offset in stride(from: 0, through: bytes.count, by: bytes.count > 500 ? 7 : 1) {
                #expect(lines.position(of: offset) == TextPosition(of: offset, in: bytes))
            }
        }
    }
}
