// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("What the programs show: golden tables")
struct GoldenTests {
    /// A row of a table: files are laid out in a fresh directory, the program is run there, and what it shows is compared.
    ///
    /// In outputs `{dir}` stands for the directory, `[TIME]` and `TIME` for time stamps, `N.NNN` for seconds, and `N` for other
    /// numbers that no two runs share.
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

    private static let applyTables = ["diff", "explain", "lint", "test", "check", "changed"]
    private static let refreshTables = ["list", "status", "analyze", "prefix", "capture", "parallel"]
        .map { "refresh-\($0)" }

    private static func rows(_ table: String) throws -> [Row] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/golden/\(table).json")
        return try JSONDecoder().decode([Row].self, from: Data(contentsOf: file))
    }

    @Test("each table of os-apply-config has ten good rows and ten bad ones", arguments: applyTables)
    func coverage(table: String) throws {
        let rows = try Self.rows(table)
        #expect(rows.count { $0.kind == .good } >= 10)
        #expect(rows.count { $0.kind == .bad } >= 10)
        #expect(Set(rows.map(\.id)).count == rows.count)
    }

    @Test("each table of os-refresh-config has good rows and bad ones", arguments: refreshTables)
    func refreshCoverage(table: String) throws {
        let rows = try Self.rows(table)
        #expect(rows.count >= 12)
        #expect(Set(rows.map(\.kind)).count == 2)
        #expect(Set(rows.map(\.id)).count == rows.count)
    }

    @Test("os-apply-config shows what its tables say", arguments: try applyTables.flatMap { try rows($0) })
    func applyRow(row: Row) throws { try check(row, "os-apply-config") }

    @Test(
        "os-refresh-config shows what its tables say", arguments: try refreshTables.flatMap { try rows($0) })
    func refreshRow(row: Row) throws { try check(row, "os-refresh-config") }

    private func check(_ row: Row, _ program: String) throws {
        let directory = try TemporaryDirectory()
        for (path, file) in row.files ?? [:] { try file.lay(at: directory.file(path), in: directory.path) }
        for words in row.before ?? [] { _ = try child(program, words, row, directory).run() }
        let child = child(program, row.args, row, directory)
        let (status, output, errorOutput) =
            row.terminal == true ? try runAtTerminal(child, row, directory) : try runInPipes(child)
        #expect(status == row.status)
        #expect(Self.normalised(output, directory) == row.output)
        if let wanted = row.errorOutput { #expect(Self.normalised(errorOutput, directory) == wanted) }
        for (path, text) in row.after ?? [:] { #expect(directory.text(path) == text, "\(path)") }
    }

    private func child(_ program: String, _ words: [String], _ row: Row, _ directory: TemporaryDirectory)
        -> ChildProcess
    {
        let environment = ["PATH": "/usr/bin:/bin"].merging(row.environment ?? [:]) { $1 }
        return ChildProcess([Programs.path(program)] + words, in: directory.path, environment: environment)
    }

    private func runInPipes(_ child: ChildProcess) throws -> (Int32, String, String) {
        let ended = try child.run()
        return (ended.status, ended.text, ended.errorText)
    }

    private func runAtTerminal(_ child: ChildProcess, _ row: Row, _ directory: TemporaryDirectory) throws
        -> (Int32, String, String)
    {
        let terminal = try PseudoTerminal()
        let status = try child.start(at: terminal).wait(limit: 60)
        _ = eventually { Self.normalised(terminal.text, directory) == row.output }
        return (status, terminal.text, "")
    }

    private static func normalised(_ text: String, _ directory: TemporaryDirectory) -> String {
        text.replacing(directory.path, with: "{dir}")
            .replacing(/\[\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d [AP]M\]/, with: "[TIME]")
            .replacing(/\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\]/, with: "[TIME]")
            .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, with: "TIME")
            .replacing(/\b\d+\.\d{3}\b/, with: "N.NNN")
            .replacing(/(_us": |"pid": |pid {7})\d+/) { "\($0.output.1)N" }
    }
}
