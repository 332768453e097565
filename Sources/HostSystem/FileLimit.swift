// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How many files this process may have open.
package enum FileLimit {
    package static var current: Int {
        var limit = rlimit()
        let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        return isKnown ? Int(min(limit.rlim_cur, 1 << 20)) : 1024
    }

    /// Raises the limit as far as the system lets us; false when it was there already.
    static func raise() -> Bool {
        let saved = errno
        defer { errno = saved }
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
            limit.rlim_cur < limit.rlim_max
        else { return false }
        limit.rlim_cur = limit.rlim_max
        return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    }
}
