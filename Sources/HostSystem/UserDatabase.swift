// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// The users and groups that names of owners are looked up in: a root's own files, or the host's databases.
package struct UserDatabase {
    private let passwd: [String: UInt32]?
    private let group: [String: UInt32]?

    /// The database for files under `root`: its `etc/passwd` and `etc/group` where it has them. The host's own root asks
    /// the host, which may know users from other places than its files.
    ///
    /// - Throws: `HostError` for a file that is there and cannot be read.
    package init(root: RootedDirectory?) throws(HostError) {
        let root = root.flatMap { $0.path == FilePath("/") ? nil : $0 }
        passwd = try Self.entries("etc/passwd", in: root)
        group = try Self.entries("etc/group", in: root)
    }

    package func userID(_ name: String) -> UInt32? {
        if let passwd { return passwd[name] }
        return getpwnam(name)?.pointee.pw_uid
    }

    package func groupID(_ name: String) -> UInt32? {
        if let group { return group[name] }
        return getgrnam(name)?.pointee.gr_gid
    }

    /// The first name of an id; nil when it has none.
    package func userName(_ id: UInt32) -> String? {
        if let passwd { return Self.firstName(of: id, in: passwd) }
        return getpwuid(id).flatMap { $0.pointee.pw_name }.map { String(cString: $0) }
    }

    package func groupName(_ id: UInt32) -> String? {
        if let group { return Self.firstName(of: id, in: group) }
        return getgrgid(id).flatMap { $0.pointee.gr_name }.map { String(cString: $0) }
    }

    private static func firstName(of id: UInt32, in names: [String: UInt32]) -> String? {
        names.filter { $0.value == id }.keys.min()
    }

    /// The names and ids of a file of `name:password:id:…` lines; nil when there is no such file.
    private static func entries(_ path: FilePath, in root: RootedDirectory?) throws(HostError)
        -> [String: UInt32]?
    {
        guard let bytes = try root?.read(path) else { return nil }
        var ids: [String: UInt32] = [:]
        for line in bytes.split(separator: 0x0A) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count >= 3, let id = UInt32(String(decoding: fields[2], as: UTF8.self)) else {
                continue
            }
            let name = String(decoding: fields[0], as: UTF8.self)
            ids[name] = ids[name] ?? id
        }
        return ids
    }
}
