// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ApplyConfig

@Suite("How one list of lines becomes another")
struct LineDifferenceTests {
    private func lines(_ text: String) -> [ArraySlice<UInt8>] {
        text.map { ArraySlice(String($0).utf8) }
    }

    /// Each step as a sign and the line it concerns.
    private func steps(_ old: String, _ new: String) -> String {
        let (oldLines, newLines) = (Array(old), Array(new))
        return LineDifference(lines(old), lines(new)).steps.map { step in
            switch step {
            case .keep(let place, _): String(oldLines[place])
            case .remove(let place): "-\(oldLines[place])"
            case .add(let place): "+\(newLines[place])"
            }
        }.joined()
    }

    @Test(
        "the steps are few",
        arguments: [
            ("", "", ""), ("abc", "abc", "abc"), ("", "ab", "+a+b"), ("ab", "", "-a-b"),
            ("abc", "axc", "a-b+xc"),
            ("abcd", "abXcd", "ab+Xcd"), ("abcd", "acd", "a-bcd"), ("xabcy", "abc", "-xabc-y"),
            ("aabbaa", "aabaa", "aab-baa"),
        ])
    func examples(old: String, new: String, wanted: String) {
        #expect(steps(old, new) == wanted)
    }

    @Test("following the steps gives the new lines, whatever the lines are")
    func roundTrip() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let letters = Array("abcdef".prefix(Int.random(in: 1...6, using: &generator)))
            let text = { (count: Int) in
                String((0..<count).map { _ in letters.randomElement(using: &generator)! })
            }
            let (old, new) = (text(Int.random(in: 0...40)), text(Int.random(in: 0...40)))
            var (oldPlace, newPlace) = (0, 0)
            for step in LineDifference(lines(old), lines(new)).steps {
                switch step {
                case .keep(let place, let other):
                    #expect(place == oldPlace && other == newPlace && Array(old)[place] == Array(new)[other])
                    oldPlace += 1
                    newPlace += 1
                case .remove(let place):
                    #expect(place == oldPlace)
                    oldPlace += 1
                case .add(let place):
                    #expect(place == newPlace)
                    newPlace += 1
                }
            }
            #expect(oldPlace == old.count && newPlace == new.count)
        }
    }

    @Test(
        "texts of many lines that have nothing in common, or all the same ones, are compared in bounded time")
    func large() {
        let count = 100_000
        let old = (0..<count).map { ArraySlice("old \($0)".utf8) }
        let new = (0..<count).map { ArraySlice("new \($0)".utf8) }
        #expect(LineDifference(old, new).steps.count == 2 * count)
        let same = [ArraySlice<UInt8>](repeating: ArraySlice("same".utf8), count: count)
        #expect(LineDifference(same, Array(same.dropLast(7))).steps.count == count)
        let reversed = Array(old.reversed())
        #expect(LineDifference(old, reversed).steps.count >= count)
    }
}
