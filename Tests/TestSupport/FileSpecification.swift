// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What is to be laid at a path: a text alone, or one of these.
package struct FileSpecification: Decodable {
    package var text: String?
    package var hex: String?
    package var link: String?
    package var directory: Bool?
    package var fifo: Bool?
    package var mode: String?
    package var owner: UInt32?
    package var group: UInt32?

    private enum Keys: String, CodingKey {
        case text, hex, link, directory, fifo, mode, owner, group
    }

    package init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            self.text = text
            return
        }
        let container = try decoder.container(keyedBy: Keys.self)
        text = try container.decodeIfPresent(String.self, forKey: .text)
        hex = try container.decodeIfPresent(String.self, forKey: .hex)
        link = try container.decodeIfPresent(String.self, forKey: .link)
        directory = try container.decodeIfPresent(Bool.self, forKey: .directory)
        fifo = try container.decodeIfPresent(Bool.self, forKey: .fifo)
        mode = try container.decodeIfPresent(String.self, forKey: .mode)
        owner = try container.decodeIfPresent(UInt32.self, forKey: .owner)
        group = try container.decodeIfPresent(UInt32.self, forKey: .group)
    }
}

extension FileSpecification {
    /// Makes the file at `target`, and the directories it needs below `base`.
    ///
    /// In its text and link `{dir}` stands for `base`.
    ///
    /// - Parameter user: the owner, if not root.
    package func lay(at target: String, in base: String, user: UInt32 = 0) throws {
        try Self.makeParents(of: target, in: base, user)
        var mode = self.mode ?? "0644"
        if let link {
            unlink(target)
            symlink(link.replacingOccurrences(of: "{dir}", with: base), target)
            if user != 0 { lchown(target, user, user) }
            return
        } else if directory == true {
            try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
            mode = self.mode ?? "0755"
        } else if fifo == true {
            mkfifo(target, 0o644)
        } else {
            try SpawnGate.hold { try data(base).write(to: URL(fileURLWithPath: target)) }
        }
        if user != 0 || owner != nil || group != nil {
            chown(target, owner ?? user, group ?? owner ?? user)
        }
        chmod(target, mode_t(mode, radix: 8) ?? 0o644)
    }

    private func data(_ base: String) -> Data {
        if let hex {
            return Data(
                stride(from: 0, to: hex.utf8.count, by: 2).compactMap {
                    UInt8(hex.dropFirst($0).prefix(2), radix: 16)
                })
        }
        return Data((text ?? "").replacingOccurrences(of: "{dir}", with: base).utf8)
    }

    private static func makeParents(of target: String, in base: String, _ user: UInt32) throws {
        let parent = URL(fileURLWithPath: target).deletingLastPathComponent().path
        guard parent != base, !FileManager.default.fileExists(atPath: parent) else { return }
        try makeParents(of: parent, in: base, user)
        mkdir(parent, 0o755)
        chmod(parent, 0o755)
        if user != 0 { chown(parent, user, user) }
    }
}
