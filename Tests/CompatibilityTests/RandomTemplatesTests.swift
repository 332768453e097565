// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `COMPARE_COUNT` and `COMPARE_SEED` in the environment ask for more than the few that every run does.
@Suite("Random templates and metadata, against the original's renderer")
struct RandomTemplatesTests {
    private static func setting(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    private static let batch = 5000

    @Test("no difference but ruled ones")
    func compare() throws {
        let count = Int(Self.setting("COMPARE_COUNT") ?? 3000)
        let seed = Self.setting("COMPARE_SEED") ?? 20_261_122
        var templates = RandomTemplates(seed: seed)
        var equal = 0
        var errors = 0
        var ruled: [String: Int] = [:]
        var done = 0
        while done < count {
            let inputs = (0..<min(Self.batch, count - done)).map { _ in templates.next() }
            let originals = try OriginalRenderer.render(inputs)
            #expect(originals.count == inputs.count)
            for (input, original) in zip(inputs, originals) {
                let ours = OurRenderer.render(input)
                guard let verdict = RendererRuling.verdict(original, ours) else {
                    if case .error = ours { errors += 1 } else { equal += 1 }
                    continue
                }
                ruled[verdict, default: 0] += 1
                guard verdict == RendererRuling.unruled else { continue }
                Issue.record(
                    """
                    template \(String(decoding: input.template, as: UTF8.self).debugDescription)
                    metadata \(input.metadata)
                    partials \(input.partials.mapValues { String(decoding: $0, as: UTF8.self) })
                    original \(shown(original))
                    ours     \(shown(ours))
                    """)
            }
            done += inputs.count
        }
        report(templates.hits, count: count, seed: seed, equal: equal, errors: errors, ruled: ruled)
        if count >= 100_000 {
            let seldom = RandomTemplates.rules.filter { templates.hits[$0, default: 0] < 500 }
            #expect(seldom.isEmpty)
        }
    }

    private func shown(_ outcome: RenderOutcome) -> String {
        switch outcome {
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self).debugDescription
        case .error(let reason): "error: \(reason)"
        }
    }

    private func report(
        _ hits: [Int: Int], count: Int, seed: UInt64, equal: Int, errors: Int, ruled: [String: Int]
    ) {
        print("\(count) random templates (seed \(seed)): \(equal) equal, \(errors) errors in both")
        for (ruling, times) in ruled.sorted(by: { $0.key < $1.key }) { print("    \(ruling): \(times)") }
        let columns = RandomTemplates.rules.map { "B-\($0 < 100 ? "0" : "")\($0) \(hits[$0, default: 0])" }
        for start in stride(from: 0, to: columns.count, by: 8) {
            print("    " + columns[start..<min(start + 8, columns.count)].joined(separator: "  "))
        }
    }
}
