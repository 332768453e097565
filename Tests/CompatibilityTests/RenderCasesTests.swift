// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The recorded render cases")
struct RenderCasesTests {
    private struct Recorded: Decodable {
        var id: String
        var template: String
        var metadata: String
        var ok: Bool
        var result: String?

        private enum CodingKeys: String, CodingKey {
            case id, metadata, ok
            case template = "template_hex"
            case result = "result_hex"
        }
    }

    @Test("all come out as recorded, from the original and from us")
    func all() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/render-cases.json")
        let cases = try JSONDecoder().decode([Recorded].self, from: Data(contentsOf: file))
        let inputs = cases.map {
            RenderInput(template: OriginalRenderer.bytes($0.template), metadata: $0.metadata)
        }
        let originals = try OriginalRenderer.render(inputs)
        #expect(originals.count == cases.count)
        var ruled = 0
        for (recorded, (input, original)) in zip(cases, zip(inputs, originals)) {
            let ours = OurRenderer.render(input)
            let verdict = RendererRuling.verdict(original, ours)
            if verdict != nil { ruled += 1 }
            #expect(verdict != RendererRuling.unruled, "\(recorded.id): \(original), ours \(ours)")
            guard recorded.ok, let result = recorded.result else {
                if case .bytes = original { Issue.record("\(recorded.id): the original renders it") }
                continue
            }
            #expect(original == .bytes(OriginalRenderer.bytes(result)), "\(recorded.id)")
        }
        print("render cases: \(cases.count), \(cases.count - ruled) equal, \(ruled) ruled to differ")
    }
}
