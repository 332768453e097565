// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// One row of the compatibility table: files are laid out in a fresh directory, a program is run there once or more, by the
/// original and by ours, and what comes of it is compared.
///
/// In all texts `{dir}` stands for the directory and `{port}` for the port of the stub server.
struct CompatibilityCase: Decodable, CustomTestStringConvertible {
    /// What one side gives where the two are to differ.
    struct Side: Decodable {
        var status: Int32?
        var stdout: String?
        var requests: [String]?
        /// Words that standard error holds.
        var stderr: [String]?
        /// Null: nothing is there.
        var tree: [String: FileState?]?
    }

    /// Where ours is to differ, and on whose word: a ruling or the number of a defect.
    struct Difference: Decodable {
        var because: String
        var original: Side
        var ours: Side
    }

    /// One run; what it leaves out, the case has.
    struct Run: Decodable {
        var files: [String: FileSpecification]?
        var remove: [String]?
        var args: [String]?
        var environment: [String: String?]?
        var stdin: String?
        var server: [StubHTTPServer.Route]?
        var stderr: [String]?
        var differs: Difference?
        var compare: [String]?
        var ignore: [String]?
    }

    var id: String
    /// The numbers of the behaviours and defects that the case holds.
    var rules: [String]
    var program: String
    var note: String?
    var files: [String: FileSpecification]?
    var args: [String]?
    /// Added to the environment; null takes a variable away.
    var environment: [String: String?]?
    var umask: String?
    /// `nobody`, or else root.
    var user: String?
    var stdin: String?
    /// Directories of the system that are replaced by those under `root/` for the run.
    var mounts: [String]?
    var server: [StubHTTPServer.Route]?
    var runs: [Run]?
    /// Of status, stdout, tree, requests and headers (with the bodies); the first three by default.
    var compare: [String]?
    /// Patterns of paths that are not compared.
    var ignore: [String]?
    /// Words that both put on standard error.
    var stderr: [String]?
    var differs: Difference?

    var testDescription: String { "\(id) \(rules.joined(separator: " "))" }

    /// The runs with what they leave out filled in.
    var completeRuns: [Run] {
        (runs ?? [Run()]).map { run in
            Run(
                files: run.files, remove: run.remove, args: run.args ?? args ?? [],
                environment: run.environment ?? environment ?? [:], stdin: run.stdin ?? stdin,
                server: run.server ?? server ?? [], stderr: run.stderr ?? stderr ?? [],
                differs: run.differs ?? differs,
                compare: run.compare ?? compare ?? ["status", "stdout", "tree"],
                ignore: run.ignore ?? ignore ?? [])
        }
    }

    /// Whether only root can run it.
    var needsRoot: Bool {
        user != nil || mounts != nil || (files ?? [:]).values.contains { $0.owner != nil || $0.group != nil }
    }

    /// The rows of all tables, in the order of the files' names.
    static func all() throws -> [CompatibilityCase] {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/cases")
        let files = try FileManager.default.contentsOfDirectory(
            at: directory, includingPropertiesForKeys: nil)
        return try files.filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }.flatMap { file in
            try JSONDecoder().decode([CompatibilityCase].self, from: Data(contentsOf: file))
        }
    }
}

/// What is found at a path, or what of it is asked for.
struct FileState: Decodable, Equatable, CustomStringConvertible {
    var mode: String?
    var owner: UInt32?
    var group: UInt32?
    var text: String?
    var hex: String?
    var link: String?
    var directory: Bool?
    var special: Bool?

    init() {}

    private enum Keys: String, CodingKey {
        case mode, owner, group, text, hex, link, directory, special
    }

    init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            self.text = text
            return
        }
        let container = try decoder.container(keyedBy: Keys.self)
        mode = try container.decodeIfPresent(String.self, forKey: .mode)
        owner = try container.decodeIfPresent(UInt32.self, forKey: .owner)
        group = try container.decodeIfPresent(UInt32.self, forKey: .group)
        text = try container.decodeIfPresent(String.self, forKey: .text)
        hex = try container.decodeIfPresent(String.self, forKey: .hex)
        link = try container.decodeIfPresent(String.self, forKey: .link)
        directory = try container.decodeIfPresent(Bool.self, forKey: .directory)
        special = try container.decodeIfPresent(Bool.self, forKey: .special)
    }

    /// Whether this is what `wanted` asks for.
    func satisfies(_ wanted: FileState) -> Bool {
        (wanted.mode == nil || wanted.mode == mode) && (wanted.owner == nil || wanted.owner == owner)
            && (wanted.group == nil || wanted.group == group) && (wanted.text == nil || wanted.text == text)
            && (wanted.hex == nil || wanted.hex == hex) && (wanted.link == nil || wanted.link == link)
            && (wanted.directory == nil || wanted.directory == directory)
    }

    var description: String {
        let kind =
            link.map { "-> \($0)" } ?? (directory == true ? "directory" : nil)
            ?? (special == true ? "special" : nil)
        let content = kind ?? text.map { "'\($0)'" } ?? "hex \(hex ?? "")"
        return "\(mode ?? "-") \(owner ?? 0):\(group ?? 0) \(content)"
    }
}
