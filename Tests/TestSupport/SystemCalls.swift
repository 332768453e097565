// SPDX-License-Identifier: Apache-2.0

/// What strace(1) tells.
package enum SystemCalls {
    /// The names of the system calls in a trace, sorted.
    package static func names(in trace: String) -> [String] {
        let names = trace.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /^\d+ +(?:<\.\.\. )?([a-z0-9_]+)[( ]/).map { String($0.1) }
        }
        return Set(names).sorted()
    }
}
