// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import SystemPackage

/// A file that lines are added to.
package enum AppendedFile {
    /// Adds `bytes` to the end of the file at `path`, making it 0600 where there is none, and waits until the disk has them.
    package static func append(_ bytes: [UInt8], to path: FilePath) throws(HostError) {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        let file = path.withPlatformString { name in retrying { os_openat(AT_FDCWD, name, flags, 0o600) } }
        guard file >= 0 else { throw .last("write", path) }
        defer { close(file) }
        try FileContents.write(bytes, to: file, "write", path)
        guard retrying({ fdatasync(file) }) == 0 || errno == EINVAL else { throw .last("synchronise", path) }
    }
}
