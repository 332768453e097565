// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// Modes and owners of files, as mtree(5) writes them: `./etc/mysql/my.cnf mode=0600 uname=mysql gname=mysql`.
///
/// The keywords are `mode`, `uname` or `uid`, `gname` or `gid`; what is not given is not compared.
struct Manifest {
    struct Entry: Equatable {
        var mode: UInt32?
        /// A name or a number.
        var owner: String?
        var group: String?
    }

    /// In the order of the file.
    private(set) var entries: [(path: String, entry: Entry)] = []

    static let name = ".manifest"

    init() {}

    /// - Throws: `ConfigError` with file and line.
    init(_ source: MetadataSource) throws {
        let lines = source.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            let place = "\(source.name):\(index + 1)"
            guard first.hasPrefix("./") else {
                throw ConfigError("\(place): '\(first)' is not a path that starts with './'")
            }
            guard let path = Self.decoded(first.dropFirst(2)) else {
                throw ConfigError("\(place): '\(first)' has a backslash without three octal digits")
            }
            entries.append((path, try Self.entry(words.dropFirst(), place)))
        }
    }

    private static func entry(_ words: ArraySlice<Substring>, _ place: String) throws -> Entry {
        var entry = Entry()
        for word in words {
            let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
            switch (pair.first, pair.count) {
            case ("mode", 2):
                guard let mode = UInt32(pair[1], radix: 8), mode <= 0o7777 else {
                    throw ConfigError("\(place): '\(pair[1])' is not an octal mode")
                }
                entry.mode = mode
            case ("uname", 2), ("uid", 2): entry.owner = pair[1]
            case ("gname", 2), ("gid", 2): entry.group = pair[1]
            default:
                throw ConfigError("\(place): '\(word)' is none of mode=, uname=, uid=, gname=, gid=")
            }
        }
        return entry
    }

    mutating func add(_ path: String, _ entry: Entry) { entries.append((path, entry)) }

    var text: String {
        entries.map { path, entry in
            var words = ["./" + Self.encoded(path)]
            if let mode = entry.mode { words.append("mode=" + mode.octalMode) }
            if let owner = entry.owner { words.append((UInt32(owner) == nil ? "uname=" : "uid=") + owner) }
            if let group = entry.group { words.append((UInt32(group) == nil ? "gname=" : "gid=") + group) }
            return words.joined(separator: " ") + "\n"
        }.joined()
    }

    /// As vis(3): white space, control characters, backslashes and `#` as `\NNN`.
    private static func encoded(_ path: String) -> String {
        var bytes: [UInt8] = []
        for byte in path.utf8 {
            if byte <= 0x20 || byte == 0x5C || byte == 0x7F || byte == UInt8(ascii: "#") {
                let digits = String(byte, radix: 8)
                bytes += Array("\\".utf8) + Array(String(repeating: "0", count: 3 - digits.count).utf8)
                bytes += Array(digits.utf8)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == 0x5C else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 3,
                let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(3)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
