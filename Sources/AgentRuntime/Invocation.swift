// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem

/// How this process was called.
package struct Invocation: Sendable {
    /// The last part of `argv[0]`.
    package let name: String
    package let words: [String]
    package let environment: [String: String]

    /// Opens what is not open of the standard streams too: the next file would be taken for one.
    package static var current: Invocation {
        StandardStream.ensureOpen()
        let all = ProgramArguments.words
        guard let path = all.first else {
            StandardStream.error.write("the command line cannot be read: nothing is done\n")
            exit(ExitStatus.usage)
        }
        return Invocation(
            name: String(path.split(separator: "/").last ?? "os-config"),
            words: Array(all.dropFirst()), environment: environment())
    }

    /// The same call under the name of its first word.
    package func shifted() -> Invocation? {
        words.first.map { Invocation(name: $0, words: Array(words.dropFirst()), environment: environment) }
    }

    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = variables[String(pair[0])] ?? String(pair[1]) }
            entry += 1
        }
        return variables
    }
}
