// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// An operation on a file that the system refused: `cannot open etc/passwd: Permission denied`.
package struct HostError: Error, CustomStringConvertible {
    /// What was to be done, as the words after "cannot".
    package let operation: String
    package let path: FilePath
    package let errno: Errno

    package init(_ operation: String, _ path: FilePath, _ errno: Errno) {
        self.operation = operation
        self.path = path
        self.errno = errno
    }

    /// The error that the last system call left in `errno`.
    package static func last(_ operation: String, _ path: FilePath) -> HostError {
        HostError(operation, path, Errno(rawValue: Glibc.errno))
    }

    package var description: String { "cannot \(operation) \(path): \(errno)" }
}

/// Calls again what a signal interrupted, and what had no descriptor left if we may have more.
@discardableResult
func retrying<Result: FixedWidthInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result == -1, errno == EINTR || (errno == EMFILE && FileLimit.raise()) { continue }
        return result
    }
}
