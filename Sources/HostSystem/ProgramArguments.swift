// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The command line of this process.
///
/// `CommandLine.arguments` reads `/proc/self/maps` and is empty where that cannot be had, in a chroot where an image is built for
/// one: a program that acts on what it is not told must not take that for an empty command line.
package enum ProgramArguments {
    /// All words, the program's name first. To be asked for before the environment is changed.
    package static let words: [String] = {
        let count = os_argument_count()
        // The arguments end where the environment starts; if they do not, the stack is not laid out as it is known to be.
        guard let arguments = os_arguments(), (0..<(1 << 24)).contains(count), arguments[count] == nil,
            arguments + count + 1 == environ
        else { return CommandLine.arguments }
        return (0..<count).compactMap { arguments[$0].map { String(cString: $0) } }
    }()
}
