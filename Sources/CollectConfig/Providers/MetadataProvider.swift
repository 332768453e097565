// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// One document for the cache: `NAME.json`.
struct Output: Sendable {
    let name: ByteString
    let value: MetadataValue
}

/// Why a source gives nothing.
enum ProviderError: Error {
    /// It has no configuration; nobody need be told.
    case notConfigured(String)
    /// It ought to answer, and does not.
    case unavailable(String)
}

/// A source of metadata.
protocol MetadataProvider: Sendable {
    /// As it is configured, and as its own document in the cache is named.
    var name: String { get }

    /// What the source has now: its own document first.
    ///
    /// - Throws: `ProviderError`, `CancellationError`.
    func collect() async throws -> [Output]

    /// Waits until the source has something new, if it can tell.
    ///
    /// - Returns: true when it has; false when it cannot tell (any more), and is to be asked again at the usual time.
    func waitForChange() async -> Bool
}

extension MetadataProvider {
    func waitForChange() async -> Bool { false }
}
