// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import SystemPackage

/// Access control lists, labels and user attributes of a file.
enum ExtendedAttributes {
    /// Attributes that speak of the old bytes, not of the file.
    private static let boundToContents: Set<String> = ["security.capability", "security.ima", "security.evm"]

    /// Without these others could read or write the file than before.
    private static let accessControl: Set<String> = ["system.posix_acl_access"]

    /// Copies what the file system of the target takes.
    ///
    /// - Throws: `HostError` when an access control list cannot be copied.
    static func copy(from original: Int32, to copy: Int32, _ displayPath: FilePath) throws(HostError) {
        let size = flistxattr(original, nil, 0)
        guard size > 0 else { return }
        var names = [CChar](repeating: 0, count: size)
        let length = flistxattr(original, &names, size)
        guard length > 0 else { return }
        for name in names.prefix(length).split(separator: 0) {
            let name = String(decoding: name.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard !boundToContents.contains(name) else { continue }
            let valueSize = fgetxattr(original, name, nil, 0)
            guard valueSize >= 0 else { continue }
            var value = [UInt8](repeating: 0, count: valueSize)
            guard fgetxattr(original, name, &value, valueSize) == valueSize else { continue }
            guard fsetxattr(copy, name, value, valueSize, 0) != 0, accessControl.contains(name) else {
                continue
            }
            throw .last("keep the access control list of", displayPath)
        }
    }
}
