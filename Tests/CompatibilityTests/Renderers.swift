// SPDX-License-Identifier: Apache-2.0

import Foundation
import MetadataTree
import Mustache
import TestSupport

/// A template, what it is filled in from, and the partials it may use.
struct RenderInput: Sendable {
    var template: [UInt8]
    /// JSON.
    var metadata: String
    var partials: [String: [UInt8]] = [:]
}

/// What a renderer made of an input: bytes, or an error in words.
enum RenderOutcome: Equatable {
    case bytes([UInt8])
    case error(String)
}

/// Ours, in this process.
enum OurRenderer {
    private struct Partials: PartialLoader {
        let texts: [String: [UInt8]]

        func partial(_ name: ByteString) throws -> MetadataSource? {
            texts[name.text].map { MetadataSource(name: "\(name).mustache", bytes: $0) }
        }
    }

    static func render(_ input: RenderInput) -> RenderOutcome {
        do {
            let metadata = try JSONParser.parse(Array(input.metadata.utf8), name: "m.json")
            let template = try Template.parse(MetadataSource(name: "t", bytes: input.template))
            return .bytes(try template.render(metadata, partials: Partials(texts: input.partials)).output)
        } catch {
            return .error("\(error)")
        }
    }
}

/// The original's, in a Python process that takes many inputs.
enum OriginalRenderer {
    private struct Answer: Decodable {
        var result: String?
        var error: String?
    }

    static func render(_ inputs: [RenderInput]) throws -> [RenderOutcome] {
        let directory = try TemporaryDirectory()
        let lines = try inputs.map { input in
            let object: [String: Any] = [
                "template": hex(input.template), "metadata": input.metadata,
                "partials": input.partials.mapValues(hex),
            ]
            return try JSONSerialization.data(withJSONObject: object)
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/render.py").path
        let ended = try ChildProcess(
            ["\(Programs.originals)/bin/python", script], in: directory.path,
            environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"],
            input: Data(lines.joined(separator: [0x0A])) + [0x0A], limit: 1200
        ).run()
        guard ended.status == 0 else { throw ChildProcess.Failure(reason: ended.errorText) }
        return try ended.output.split(separator: 0x0A).map { line in
            let answer = try JSONDecoder().decode(Answer.self, from: Data(line))
            return answer.result.map { .bytes(bytes($0)) } ?? .error(answer.error ?? "")
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.map { UInt8($0 < 0x3A ? $0 - 0x30 : $0 - 0x57) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

/// Whether two outcomes may differ, and why.
enum RendererRuling {
    /// Nil when the outcomes agree; else the ruling that lets them differ, or `unruled`.
    static func verdict(_ original: RenderOutcome, _ ours: RenderOutcome) -> String? {
        switch (original, ours) {
        case (.bytes(let left), .bytes(let right)): left == right ? nil : unruled
        case (.error, .error): nil
        case (.bytes, .error(let reason)):
            // The original renders the innermost such section and loses what stands before it.
            reason.contains("is not closed") ? "BUG 11: an unclosed section is an error" : unruled
        case (.error(let reason), .bytes):
            // Python's stack ends before our limits of 512 sections and 256 partials.
            reason.contains("RecursionError") ? "BUG 5: deeper nesting than the original's" : unruled
        }
    }

    static let unruled = "unruled"
}
