// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The elements' own cases")
struct ElementTests {
    private let elements = "\(Programs.root)/elements"

    @Test("every element with templates has cases, and all pass")
    func cases() throws {
        let ended = try ChildProcess([Programs.path("os-apply-config"), "test", elements]).run()
        #expect(ended.status == 0, "\(ended.text)\(ended.errorText)")
        let withTemplates = try FileManager.default.contentsOfDirectory(atPath: elements)
            .filter { FileManager.default.fileExists(atPath: "\(elements)/\($0)/os-apply-config") }
        #expect(!withTemplates.isEmpty)
        for element in withTemplates { #expect(ended.text.contains("ok   \(element)/"), "\(element)") }
    }

    @Test("their templates have no mistakes")
    func mistakes() throws {
        for element in try FileManager.default.contentsOfDirectory(atPath: elements) {
            let templates = "\(elements)/\(element)/os-apply-config"
            guard FileManager.default.fileExists(atPath: templates) else { continue }
            let ended = try ChildProcess([Programs.path("os-apply-config"), "lint", "-t", templates]).run()
            #expect(ended.status == 0, "\(ended.text)")
        }
    }
}
