// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The directory of a case for one side.
struct CaseDirectory {
    private let directory: TemporaryDirectory
    /// The owner of all that is laid out.
    private let user: UInt32

    var path: String { directory.path }

    init(user: UInt32) throws {
        directory = try TemporaryDirectory()
        self.user = user
        for name in ["tmp", "root/var/log"] {
            try FileManager.default.createDirectory(
                atPath: directory.file(name), withIntermediateDirectories: true)
        }
        if user != 0 {
            chown(path, user, user)
            chown(directory.file("tmp"), user, user)
        }
    }

    func makeMountSource(_ mount: String) throws {
        try FileManager.default.createDirectory(
            atPath: directory.file("root\(mount)"), withIntermediateDirectories: true)
    }

    func remove(_ names: [String]) throws {
        for name in names { try FileManager.default.removeItem(atPath: directory.file(name)) }
    }

    // MARK: Laying out

    func lay(_ files: [String: FileSpecification]) throws {
        for (name, specification) in files.sorted(by: { $0.key < $1.key }) {
            try specification.lay(at: directory.file(name), in: path, user: user)
        }
    }

    // MARK: What is there

    /// All paths but those that match `ignored`, and the log directory unless it is part of the case.
    func snapshot(ignoring ignored: [String], withLog: Bool) -> [String: FileState] {
        var states: [String: FileState] = [:]
        for name in directory.tree() {
            if name == "tmp", directory.tree().first(where: { $0.hasPrefix("tmp/") }) == nil { continue }
            let isLog =
                name == "root" || name == "root/var" || name == "root/var/log"
                || name.hasPrefix("root/var/log/")
            if isLog, !withLog { continue }
            if ignored.contains(where: { fnmatch($0, name, 0) == 0 }) { continue }
            states[name] = state(of: name)
        }
        return states
    }

    private func state(of name: String) -> FileState {
        var status = stat()
        lstat(directory.file(name), &status)
        var state = FileState()
        state.owner = status.st_uid
        state.group = status.st_gid
        let kind = status.st_mode & S_IFMT
        if kind == S_IFLNK {
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: directory.file(name))
            state.link = target.map(generic)
            return state
        }
        let digits = String(status.st_mode & 0o7777, radix: 8)
        state.mode = String(repeating: "0", count: 4 - digits.count) + digits
        if kind == S_IFDIR {
            state.directory = true
        } else if kind == S_IFREG {
            let data = FileManager.default.contents(atPath: directory.file(name)) ?? Data()
            if let text = String(validating: data, as: UTF8.self) {
                state.text = generic(text)
            } else {
                state.hex = data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
        } else {
            state.special = true
        }
        return state
    }

    private func generic(_ text: String) -> String { text.replacingOccurrences(of: path, with: "{dir}") }
}
