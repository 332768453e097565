// SPDX-License-Identifier: Apache-2.0

import Glibc

/// How many files this process may have open.
enum FileLimit {
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
