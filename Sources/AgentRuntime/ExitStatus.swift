// SPDX-License-Identifier: Apache-2.0

/// The exit statuses that the programs share; what each means there is in its man page.
package enum ExitStatus {
    package static let success: Int32 = 0
    package static let failure: Int32 = 1
    package static let usage: Int32 = 2
    /// A wrong command line of a subcommand that the originals do not have: `EX_USAGE` of sysexits.h.
    package static let subcommandUsage: Int32 = 64
    /// `EAGAIN`: another run holds the lock.
    package static let locked: Int32 = 11
    /// What `--boolean-key` gives for a value that is not a boolean.
    package static let notBoolean: Int32 = 255
}

/// The version that all programs print.
package let programVersion = "1.0.0"
