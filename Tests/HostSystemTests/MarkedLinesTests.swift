// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HostSystem

@Suite("Lines that are handed on get a mark each")
struct MarkedLinesTests {
    /// What comes out for chunks, with a flush (as after a pause) where there is nil, and the line ended at the end.
    private func marked(_ mark: String?, _ chunks: [String?]) -> String {
        var lines = MarkedLines(mark)
        var output: [UInt8] = []
        for chunk in chunks {
            output += chunk.map { lines.take(Array($0.utf8)[...]) } ?? lines.flush(endingLine: false)
        }
        return String(decoding: output + lines.flush(endingLine: true), as: UTF8.self)
    }

    @Test(
        "a mark before each line, whatever pieces it comes in",
        arguments: [
            (["a\nb\n"], "m|a\nm|b\n"), (["a", "b", "c\n"], "m|abc\n"), (["\n\n"], "m|\nm|\n"),
            (["a"], "m|a\n"),
            (["a\nb", nil, "c\nd"], "m|a\nm|bc\nm|d\n"), ([nil, nil], ""),
            (["question? ", nil], "m|question? \n"),
            (["question? ", nil, "\n", "next\n"], "m|question? \nm|next\n"), ([], ""),
        ] as [([String?], String)])
    func marks(chunks: [String?], wanted: String) {
        #expect(marked("m|", chunks) == wanted)
    }

    @Test("without a mark bytes go through as they are, and no line is ended")
    func unmarked() {
        #expect(marked(nil, ["a\nb", nil, "c"]) == "a\nbc")
    }

    @Test("a line without an end is not kept for ever")
    func endless() {
        var lines = MarkedLines("m|")
        let chunk = [UInt8](repeating: 0x78, count: 65536)
        var count = 0
        for _ in 0..<64 { count += lines.take(chunk[...]).count }
        #expect(count >= 62 * 65536)
    }
}
