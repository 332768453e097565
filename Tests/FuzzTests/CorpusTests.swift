// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzTargets
import Testing

@Suite("What the fuzzer has found interesting, again")
struct CorpusTests {
    @Test("a reader takes every input of its corpus without a crash", arguments: FuzzTarget.allCases)
    func replay(target: FuzzTarget) throws {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .appendingPathComponent("Fuzz/Corpus/\(target.rawValue)")
        let files = try FileManager.default.contentsOfDirectory(
            at: directory, includingPropertiesForKeys: nil)
        #expect(files.count >= 10)
        // A crash ends the test run: there is nothing else to expect.
        for file in files { target.run(Array(try Data(contentsOf: file))) }
    }
}
