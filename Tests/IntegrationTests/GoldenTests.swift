// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("What os-apply-config shows: golden tables")
struct GoldenTests {
    /// A row of a table: files are laid out in a fresh directory, the program is run there, and what it shows is compared.
    ///
    /// In outputs `{dir}` stands for the directory and `[TIME]` for a time stamp.
    struct Row: Decodable, CustomTestStringConvertible {
        enum Kind: String, Decodable {
            case good, bad
        }

        let id: String
        let kind: Kind
        let files: [String: FileSpecification]?
        let before: [[String]]?
        let args: [String]
        let environment: [String: String]?
        let terminal: Bool?
        let status: Int32
        let output: String
        let errorOutput: String?
        let after: [String: String?]?

        var testDescription: String { id }
    }

    private static let tables = ["diff", "explain", "lint", "test", "check", "changed"]

    private static func rows(_ table: String) throws -> [Row] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/golden/\(table).json")
        return try JSONDecoder().decode([Row].self, from: Data(contentsOf: file))
    }

    @Test("each table has ten good rows and ten bad ones", arguments: tables)
    func coverage(table: String) throws {
        let rows = try Self.rows(table)
        #expect(rows.count { $0.kind == .good } >= 10)
        #expect(rows.count { $0.kind == .bad } >= 10)
        #expect(Set(rows.map(\.id)).count == rows.count)
    }

    @Test("the program shows what its table says", arguments: try tables.flatMap { try rows($0) })
    func row(row: Row) throws {
        let directory = try TemporaryDirectory()
        for (path, file) in row.files ?? [:] { try file.lay(at: directory.file(path), in: directory.path) }
        for words in row.before ?? [] { _ = try program(words, row, directory).run() }
        let (status, output, errorOutput) =
            row.terminal == true ? try runAtTerminal(row, directory) : try runInPipes(row, directory)
        #expect(status == row.status)
        #expect(Self.normalised(output, directory) == row.output)
        if let wanted = row.errorOutput { #expect(Self.normalised(errorOutput, directory) == wanted) }
        for (path, text) in row.after ?? [:] { #expect(directory.text(path) == text, "\(path)") }
    }

    private func program(_ words: [String], _ row: Row, _ directory: TemporaryDirectory) -> ChildProcess {
        let environment = ["PATH": "/usr/bin:/bin"].merging(row.environment ?? [:]) { $1 }
        return ChildProcess(
            [Programs.path("os-apply-config")] + words, in: directory.path, environment: environment)
    }

    private func runInPipes(_ row: Row, _ directory: TemporaryDirectory) throws -> (Int32, String, String) {
        let ended = try program(row.args, row, directory).run()
        return (ended.status, ended.text, ended.errorText)
    }

    private func runAtTerminal(_ row: Row, _ directory: TemporaryDirectory) throws -> (Int32, String, String)
    {
        let terminal = try PseudoTerminal()
        let status = try program(row.args, row, directory).start(at: terminal).wait(limit: 60)
        _ = eventually { Self.normalised(terminal.text, directory) == row.output }
        return (status, terminal.text, "")
    }

    private static func normalised(_ text: String, _ directory: TemporaryDirectory) -> String {
        text.replacing(directory.path, with: "{dir}")
            .replacing(/\[\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d [AP]M\]/, with: "[TIME]")
    }
}
