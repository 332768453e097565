// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import SystemPackage

/// The SELinux label that the policy wants for a path (matchpathcon(3)).
///
/// libselinux is opened only where SELinux is on; where it is not there, files get the label that their directory gives.
struct FileLabel {
    static let attribute = "security.selinux"

    /// With the NUL it ends with, as in the attribute.
    let bytes: [UInt8]

    /// Nil when SELinux is off, or the policy knows no label for the path.
    static func wanted(at path: FilePath, isDirectory: Bool = false) -> FileLabel? {
        policy?.label(of: FilePath("/").appending(path.components), isDirectory ? S_IFDIR : S_IFREG)
    }

    /// - Returns: whether the file system took it.
    @discardableResult
    func apply(to descriptor: Int32) -> Bool {
        fsetxattr(descriptor, Self.attribute, bytes, bytes.count, 0) == 0
    }

    private static let policy: Policy? = access("/sys/fs/selinux/enforce", F_OK) == 0 ? Policy() : nil

    private struct Policy: Sendable {
        typealias Match =
            @convention(c) (
                UnsafePointer<CChar>, mode_t, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
            )
            -> Int32
        typealias Free = @convention(c) (UnsafeMutablePointer<CChar>?) -> Void

        private let match: Match
        private let free: Free

        init?() {
            guard let library = dlopen("libselinux.so.1", RTLD_NOW | RTLD_LOCAL),
                let match = dlsym(library, "matchpathcon"), let free = dlsym(library, "freecon")
            else { return nil }
            self.match = unsafeBitCast(match, to: Match.self)
            self.free = unsafeBitCast(free, to: Free.self)
        }

        func label(of path: FilePath, _ kind: mode_t) -> FileLabel? {
            var label: UnsafeMutablePointer<CChar>?
            guard path.withPlatformString({ match($0, kind, &label) }) == 0, let text = label else {
                return nil
            }
            defer { free(text) }
            return FileLabel(
                bytes: Array(
                    UnsafeRawBufferPointer(start: text, count: strlen(text) + 1)))
        }
    }
}
