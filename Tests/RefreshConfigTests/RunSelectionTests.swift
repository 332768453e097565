// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import RefreshConfig

@Suite("Which phases and hooks are meant")
struct RunSelectionTests {
    private static let hooks: [Phase: [String]] = [
        .preConfigure: ["10-a", "20-b"], .configure: ["10-a", "30-c"], .migration: ["40-d"],
    ]

    private func selection(_ phases: [Phase], _ first: String?) throws -> RunSelection {
        try RunSelection(phases: phases, from: first) { Self.hooks[$0] ?? [] }
    }

    @Test("nothing said: all; phases in their order, whatever the order in which they are named")
    func phases() throws {
        #expect(try selection([], nil).phases == Phase.allCases)
        #expect(try selection([], nil).isWhole)
        #expect(try selection([.migration, .configure], nil).phases == [.configure, .migration])
        #expect(try !selection([.migration], nil).isWhole)
    }

    @Test(
        "a hook to start with leaves out the phases before its own",
        arguments: [
            "30-c", "configure/30-c", "configure.d/30-c",
        ])
    func from(first: String) throws {
        let selection = try selection([], first)
        #expect(selection.phases == [.configure, .postConfigure, .migration])
        #expect(selection.firstHook == "30-c")
        #expect(!selection.isWhole)
    }

    @Test(
        "a hook that is nowhere, or in several phases, is not guessed",
        arguments: [
            (
                "99-z",
                "there is no hook '99-z' in pre-configure.d, configure.d, post-configure.d, migration.d"
            ),
            ("10-a", "which hook is meant: pre-configure/10-a, configure/10-a?"),
            (
                "migration/10-a",
                "there is no hook 'migration/10-a' in pre-configure.d, configure.d, post-configure.d, migration.d"
            ),
            ("", "there is no hook '' in pre-configure.d, configure.d, post-configure.d, migration.d"),
        ])
    func refused(first: String, reason: String) {
        let error = #expect(throws: RunSelection.SelectionError.self) { try selection([], first) }
        #expect(error?.description == reason)
    }
}

@Suite("Times for people")
struct SecondsTextTests {
    @Test(
        "fixed decimals are rounded, and negative times are none",
        arguments: [
            (0, 3, "0.000"), (999, 3, "0.001"), (499, 3, "0.000"), (1_234_567, 3, "1.235"),
            (1_950_000, 1, "2.0"),
            (59_999_999, 0, "60"), (-5, 3, "0.000"), (3_600_000_000, 2, "3600.00"),
        ])
    func fixed(microseconds: Int, decimals: Int, text: String) {
        #expect(SecondsText.fixed(microseconds: microseconds, decimals: decimals) == text)
    }

    @Test(
        "short ones end with what counts",
        arguments: [(0.5, "0.5"), (2, "2"), (10, "10"), (0, "0"), (1.25, "1.25")])
    func short(seconds: Double, text: String) {
        #expect(SecondsText.short(seconds) == text)
    }
}
