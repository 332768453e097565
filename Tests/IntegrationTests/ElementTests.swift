// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The elements' own cases: tests/CASE has metadata.json and what is to come of it in expected/")
struct ElementTests {
    /// `ELEMENT/tests/CASE`, below `elements`.
    private static let cases: [String] = {
        let elements = "\(Programs.root)/elements"
        let paths = FileManager.default.enumerator(atPath: elements)?.allObjects as? [String] ?? []
        return paths.filter { $0.hasSuffix("/metadata.json") && $0.contains("/tests/") }
            .map { String($0.dropLast("/metadata.json".count)) }.sorted()
    }()

    @Test("every element with templates has a case")
    func coverage() throws {
        let elements = "\(Programs.root)/elements"
        let withTemplates = try FileManager.default.contentsOfDirectory(atPath: elements)
            .filter { FileManager.default.fileExists(atPath: "\(elements)/\($0)/os-apply-config") }
        #expect(!withTemplates.isEmpty)
        for element in withTemplates {
            #expect(Self.cases.contains { $0.hasPrefix("\(element)/tests/") }, "\(element)")
        }
    }

    @Test("a case renders what it expects, and nothing else", arguments: cases)
    func rendering(name: String) throws {
        let output = try TemporaryDirectory()
        let element = "\(Programs.root)/elements/\(name.split(separator: "/")[0])"
        let ended = try ChildProcess([
            Programs.path("os-config"), "os-apply-config", "--log-file", "none", "-t",
            "\(element)/os-apply-config", "-m",
            "\(Programs.root)/elements/\(name)/metadata.json", "--fallback-metadata", "-o", output.path,
        ]).run()
        #expect(ended.status == 0, "\(ended.errorText)")
        let expected = "\(Programs.root)/elements/\(name)/expected"
        let files = { (root: String) in
            (FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? []).filter { path in
                var isDirectory: ObjCBool = false
                return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isDirectory)
                    && !isDirectory.boolValue
            }.sorted()
        }
        #expect(files(output.path) == files(expected))
        for path in files(expected) {
            let wanted = FileManager.default.contents(atPath: "\(expected)/\(path)")
            #expect(FileManager.default.contents(atPath: output.file(path)) == wanted, "\(path)")
        }
    }
}
