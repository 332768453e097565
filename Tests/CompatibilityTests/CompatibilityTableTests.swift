// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite("The Python originals and these agents, on the same inputs")
struct CompatibilityTableTests {
    /// All, or those whose name begins with `COMPATIBILITY_ROWS`.
    static let rows = ((try? CompatibilityCase.all()) ?? []).filter { row in
        row.id.hasPrefix(ProcessInfo.processInfo.environment["COMPATIBILITY_ROWS"] ?? "")
    }

    @Test("every behaviour of the three programs has a row, and every row a name of its own")
    func tableIsWhole() throws {
        let rows = try CompatibilityCase.all()
        #expect(rows.count >= 200)
        #expect(Set(rows.map(\.id)).count == rows.count)
        let held = Set(rows.flatMap(\.rules))
        let missing = try Self.behaviours().filter { !held.contains($0) }
        #expect(missing.isEmpty)
        let citesNothing = rows.flatMap { $0.completeRuns }.compactMap(\.differs).filter { difference in
            ["BUG", "ruling", "C", "D", "RR", "B-"].allSatisfy { !difference.because.contains($0) }
        }
        #expect(citesNothing.isEmpty)
        let differing = rows.count { row in row.completeRuns.contains { $0.differs != nil } }
        print(
            "compatibility table: \(rows.count) rows, \(rows.count - differing) equal, \(differing) ruled to differ"
        )
    }

    /// The numbers of the behaviours that these programs have so far.
    private static func behaviours() throws -> [String] {
        let ranges: [ClosedRange<Int>] = [
            1...23, 30...46, 50...59, 60...69, 80...83, 90...97, 100...104, 110...112, 120...123, 130...134,
            140...144, 150...156, 160...166, 170...170, 175...175, 180...188, 190...198, 200...208, 220...236,
            250...265, 280...296, 310...310, 315...317, 320...325, 330...336, 340...345, 350...354, 360...363,
            370...372, 380...388, 390...395,
        ]
        return ranges.flatMap { $0 }.map { number in
            "B-" + String(repeating: "0", count: 3 - String(number).count) + String(number)
        }
    }

    @Test("row", arguments: rows)
    func row(_ row: CompatibilityCase) throws {
        if row.needsRoot, geteuid() != 0 { return }
        let originals = try CaseRunner(programs: "\(Programs.originals)/bin").run(row)
        let ours = try CaseRunner(programs: try OurPrograms.directory()).run(row)
        for (run, (original, our)) in zip(row.completeRuns, zip(originals, ours)) {
            compare(run, original, our)
        }
    }

    private func compare(_ run: CompatibilityCase.Run, _ original: CaseOutcome, _ ours: CaseOutcome) {
        let compared = Set(run.compare ?? [])
        let (first, second) = (run.differs?.original, run.differs?.ours)
        let said = Comment(rawValue: "ours said: \(ours.stderr.suffix(1500))")
        func check<Value: Equatable>(
            _ name: String, _ left: Value, _ right: Value, _ wantedLeft: Value?, _ wantedRight: Value?
        ) {
            if wantedLeft == nil, wantedRight == nil {
                if compared.contains(name) { #expect(left == right, said) }
                return
            }
            if let wantedLeft { #expect(left == wantedLeft, "the original's \(name)") }
            if let wantedRight { #expect(right == wantedRight, said) }
        }
        check("status", original.status, ours.status, first?.status, second?.status)
        check("stdout", original.stdout, ours.stdout, first?.stdout, second?.stdout)
        check("requests", original.requests, ours.requests, first?.requests, second?.requests)
        if compared.contains("headers") {
            // The HEAD of the original is ruled to be needless.
            let gets = original.headers.filter { !$0.hasPrefix("HEAD ") }
            #expect(gets == ours.headers, said)
        }
        compareTrees(run, original, ours, said)
        for words in (run.stderr ?? []) + (second?.stderr ?? []) where !words.contains("{") {
            #expect(ours.stderr.contains(words), said)
        }
    }

    /// The original makes the backup before the command, so what this succeeded with is not in it (C8).
    private static func lags(_ path: String) -> Bool {
        let isBackup =
            path.hasPrefix("b/") || path.contains("/b/") || path.hasPrefix("root/run/os-collect-config/")
        return isBackup && path.hasSuffix(".last")
    }

    private func compareTrees(
        _ run: CompatibilityCase.Run, _ original: CaseOutcome, _ ours: CaseOutcome, _ said: Comment
    ) {
        let sides = [(run.differs?.original.tree ?? [:], original), (run.differs?.ours.tree ?? [:], ours)]
        for (wanted, outcome) in sides {
            for (path, state) in wanted {
                let found = outcome.tree[path]
                guard let state else {
                    #expect(found == nil, "\(path) \(said)")
                    continue
                }
                #expect(
                    found?.satisfies(state) == true,
                    "\(path) is \(found.map(String.init(describing:)) ?? "absent"), wanted \(state) \(said)")
            }
        }
        guard (run.compare ?? []).contains("tree") else { return }
        let named = Set(sides.flatMap(\.0.keys))
        for path in Set(original.tree.keys).union(ours.tree.keys)
        where !named.contains(path) && !Self.lags(path) {
            #expect(original.tree[path] == ours.tree[path], "\(path) \(said)")
        }
    }
}

/// A directory in which our programs have their names.
enum OurPrograms {
    private static let made = Result { try TemporaryDirectory() }

    static func directory() throws -> String {
        let directory = try made.get()
        for name in [
            "os-apply-config", "os-config-applier", "os-refresh-config", "os-collect-config", "dib-run-parts",
        ] {
            symlink(Programs.path("os-config"), directory.file(name))
        }
        return directory.path
    }
}
