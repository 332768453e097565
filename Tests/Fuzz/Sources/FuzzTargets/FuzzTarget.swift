// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Mustache
import YAMLReading

/// A reader of input that nobody here wrote, called with any bytes: it must give a value or an error, never crash or hang, and
/// what it gives must hold together.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case json = "JSON"
    case yaml = "YAML"
    case templateParser = "TemplateParser"
    case templateRenderer = "TemplateRenderer"

    package func run(_ bytes: [UInt8]) {
        switch self {
        case .json: Self.json(bytes)
        case .yaml: _ = try? YAMLReader.read(MetadataSource(name: "fuzz", bytes: bytes))
        case .templateParser: Self.parser(bytes)
        case .templateRenderer: Self.renderer(bytes)
        }
    }

    /// What is written of a value reads as the same value.
    private static func json(_ bytes: [UInt8]) {
        guard let value = try? JSONParser.parse(bytes, name: "fuzz") else { return }
        let written = JSONWriter.bytes(of: value)
        guard let again = try? JSONParser.parse(written, name: "written") else {
            // A crash is how a fuzzer is told.
            fatalError("what was written cannot be read")
        }
        precondition(again == value, "what was written reads as another value")
    }

    private static func parser(_ bytes: [UInt8]) {
        let source = MetadataSource(name: "fuzz", bytes: bytes)
        _ = try? Template.parse(source)
        _ = try? Template.parsePartial(source, indentation: "  ")
    }

    /// Metadata, a zero byte, a template, a zero byte, a partial: any of them may be missing. The source map lies inside the output,
    /// in order, and recording it changes nothing.
    private static func renderer(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
        guard parts.count > 1, let root = try? JSONParser.parse(parts[0], name: "metadata"),
            let template = try? Template.parse(MetadataSource(name: "template", bytes: parts[1]))
        else { return }
        let partials = OnePartial(bytes: parts.count > 2 ? parts[2] : [])
        guard !Self.isLarge(parts) else { return }
        let plain = try? template.render(root, partials: partials)
        let mapped = try? template.render(root, partials: partials, recordsSourceMap: true)
        precondition(plain?.output == mapped?.output, "the source map changed the output")
        var end = 0
        for segment in mapped?.sourceMap?.segments ?? [] {
            precondition(segment.output.lowerBound == end, "the source map has a gap or goes back")
            end = segment.output.upperBound
        }
        precondition(end == mapped?.output.count ?? 0, "the source map does not end with the output")
    }

    /// A list in a list in a list, and a partial that uses itself twice, multiply: that is the template's own doing.
    private static func isLarge(_ parts: [[UInt8]]) -> Bool {
        guard parts.count > 2 else { return false }
        return parts[2].indices.count { parts[2][$0] == UInt8(ascii: ">") } > 1
    }

    private struct OnePartial: PartialLoader {
        let bytes: [UInt8]

        func partial(_ name: ByteString) -> MetadataSource? { MetadataSource(name: "partial", bytes: bytes) }
    }
}
