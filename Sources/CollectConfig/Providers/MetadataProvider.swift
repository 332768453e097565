// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import SystemPackage

/// One document for the cache: `NAME.json`.
struct Output: Sendable {
    let name: ByteString
    let value: MetadataValue
    /// The name of the source that gave it.
    let source: String
}

/// Why a source gives nothing.
enum ProviderError: Error {
    /// It has no configuration; nobody need be told.
    case notConfigured(String)
    /// It ought to answer, and does not: what was committed last stands in for it.
    case unavailable(String)
    /// As `unavailable`, but what was committed last may be another machine's.
    case foreign(String)
    /// It tells of changes only, and there is none: what was committed last holds.
    case nothingNew
}

/// A source of metadata.
protocol MetadataProvider: Sendable {
    /// As it is configured, and as its own document in the cache is named.
    var name: String { get }

    /// The keys of its document that hold deployments, each of which is a document of its own.
    var deploymentKeys: [String] { get }

    /// Files and directories whose changes it wants to be asked after.
    var watchedPaths: [FilePath] { get }

    /// What the source has now: its own document first.
    ///
    /// - Throws: `ProviderError`, `CancellationError`.
    func collect() async throws -> [Output]

    /// Waits until the source has something new, if it can tell.
    ///
    /// - Returns: true when it has; false when it cannot tell (any more), and is to be asked again at the usual time.
    func waitForChange() async -> Bool

    /// Told when the command has succeeded with what the source gave last, or with the same before.
    func wasCommitted() async
}

extension MetadataProvider {
    var deploymentKeys: [String] { [] }
    var watchedPaths: [FilePath] { [] }
    func waitForChange() async -> Bool { false }
    func wasCommitted() async {}
}
