// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage

/// A case of an element: `tests/NAME/` with `metadata.json`, and what is to come of it: the files in `expected/`, or the
/// error in `expected-error`.
struct ElementCase {
    /// The element's name: that of its directory.
    let element: String
    let name: String
    let directory: FilePath
    let templates: FilePath

    static let metadataName = "metadata.json"
    static let expectedName = "expected"
    static let errorName = "expected-error"
    private static let templatesName = "os-apply-config"
    private static let casesName = "tests"

    var metadataPath: FilePath { directory.appending(Self.metadataName) }
    var expectedPath: FilePath { directory.appending(Self.expectedName) }
    var errorPath: FilePath { directory.appending(Self.errorName) }

    /// The cases of `directory`: an element, a directory of elements, or one case.
    ///
    /// - Parameter templates: the template root; nil: the element's own.
    /// - Throws: `ConfigError` when there is none.
    static func find(in directory: FilePath, templates: FilePath?) throws -> [ElementCase] {
        let cases = try elements(in: directory).flatMap { element in
            try caseDirectories(of: element).map { ElementCase(element, $0, templates) }
        }
        let isSingle = cases.isEmpty && isCase(directory)
        let single = isSingle ? [ElementCase(parent(parent(directory)), directory, templates)] : []
        guard !(cases + single).isEmpty else {
            throw ConfigError(
                "there are no cases in \(directory): no \(casesName)/CASE with \(expectedName) or \(errorName)"
            )
        }
        return cases + single
    }

    private init(_ element: FilePath, _ directory: FilePath, _ templates: FilePath?) {
        self.element = Self.resolvedName(element)
        self.name = Self.resolvedName(directory)
        self.directory = directory
        self.templates = templates ?? element.appending(Self.templatesName)
    }

    private static func isCase(_ directory: FilePath) -> Bool {
        [metadataName, expectedName, errorName].contains {
            FileContents.status(directory.appending($0)) != nil
        }
    }

    private static func elements(in directory: FilePath) throws -> [FilePath] {
        if FileContents.isDirectory(directory.appending(casesName)) { return [directory] }
        guard !isCase(directory) else { return [] }
        return try DirectoryListing.entries(of: directory).map { directory.appending($0.name) }
            .filter { FileContents.isDirectory($0.appending(casesName)) }
    }

    private static func caseDirectories(of element: FilePath) throws -> [FilePath] {
        let cases = element.appending(casesName)
        return try DirectoryListing.entries(of: cases).map { cases.appending($0.name) }.filter(isCase)
    }

    private static func parent(_ path: FilePath) -> FilePath {
        guard path.lastComponent?.kind == .regular else { return path.appending("..") }
        let parent = path.removingLastComponent()
        return parent.isEmpty ? "." : parent
    }

    /// The name of a directory that may be given as `.`.
    private static func resolvedName(_ path: FilePath) -> String {
        let isNamed = path.lastComponent?.kind == .regular
        return (isNamed ? path : FileContents.resolved(path) ?? path).lastComponent?.string ?? path.string
    }
}
