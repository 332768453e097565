// SPDX-License-Identifier: Apache-2.0

import HostSystem
import SystemPackage

/// The hooks of one directory, in the order in which they run.
struct HookDirectory {
    /// As it was given: messages and hooks' paths start with it.
    let path: String
    let hooks: [String]

    static let defaultPattern = "^[0-9A-Za-z_-]+$"

    /// The executable files of `path`, links to files among them, whose names match `pattern` (a POSIX extended
    /// expression; nil or empty: letters, digits, `_` and `-`). By number, then by bytes.
    ///
    /// - Throws: `HostError` when the directory cannot be listed, `ExtendedExpression.PatternError`.
    init(_ path: String, pattern: String? = nil) throws {
        self.path = path
        let pattern = pattern.flatMap { $0.isEmpty ? nil : $0 } ?? Self.defaultPattern
        let expression = try ExtendedExpression(pattern)
        let names = try DirectoryListing.entries(of: FilePath(path)).filter { entry in
            let file = FilePath(path).appending(entry.name)
            return FileContents.status(file)?.isRegular == true && FileContents.isExecutable(file)
        }.map(\.name.string)
        hooks = names.filter { expression.matches($0.utf8) }
            .map { (name: $0, number: LeadingNumber($0)) }
            .sorted { left, right in
                left.number == right.number
                    ? left.name.utf8.lexicographicallyPrecedes(right.name.utf8) : left.number < right.number
            }
            .map(\.name)
    }

    func hookPath(_ name: String) -> String { "\(path)/\(name)" }
}

/// The number that a name starts with, as `sort -n` reads it: blanks, `-`, digits, a point, digits; none is zero. Of any
/// length.
struct LeadingNumber: Comparable {
    private let isNegative: Bool
    private let whole: [UInt8]
    private let fraction: [UInt8]

    init(_ text: String) {
        var rest = Substring(text).utf8.drop { $0 == 0x20 || $0 == 0x09 }
        let hasMinus = rest.first == UInt8(ascii: "-")
        if hasMinus { rest = rest.dropFirst() }
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        whole = Array(rest.prefix(while: isDigit).drop { $0 == 0x30 })
        rest = rest.drop(while: isDigit)
        var decimals: [UInt8] = []
        if rest.first == UInt8(ascii: ".") { decimals = Array(rest.dropFirst().prefix(while: isDigit)) }
        while decimals.last == 0x30 { decimals.removeLast() }
        fraction = decimals
        isNegative = hasMinus && !(whole.isEmpty && fraction.isEmpty)
    }

    static func < (left: LeadingNumber, right: LeadingNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    private func isSmaller(than other: LeadingNumber) -> Bool {
        if whole.count != other.whole.count { return whole.count < other.whole.count }
        if whole != other.whole { return whole.lexicographicallyPrecedes(other.whole) }
        return fraction.lexicographicallyPrecedes(other.fraction)
    }
}
