// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HostSystem
import SystemPackage

/// The file in which the names of changed groups are told, one a line: to hooks that restart only what has to be.
struct ChangedGroups {
    let path: FilePath

    /// The file asked for, else that of the environment; nil when neither names one.
    init?(option: String?, environment: [String: String]) {
        guard let path = option ?? environment[SharedVariable.changedGroups], !path.isEmpty else {
            return nil
        }
        self.path = FilePath(path)
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: "-"): true
            default: false
            }
        }
    }

    /// The names told so far; none when there is no file.
    ///
    /// - Throws: `HostError` when it cannot be read.
    func names() throws -> [String] {
        guard let status = try FileContents.existing(path) else { return [] }
        guard status.isRegular else { throw ConfigError("\(path) is not a regular file") }
        return String(decoding: try FileContents.read(path), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    /// Adds what is not there yet.
    func add(_ names: [String]) throws {
        let known = try self.names()
        var new: [String] = []
        for name in names where !known.contains(name) && !new.contains(name) { new.append(name) }
        guard !new.isEmpty else { return }
        try AppendedFile.append(Array(new.map { $0 + "\n" }.joined().utf8), to: path)
    }
}
