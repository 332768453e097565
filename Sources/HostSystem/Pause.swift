// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// Waiting that goes on in a cancelled task too.
enum Pause {
    static func uncancelled(_ time: DispatchTimeInterval) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().asyncAfter(deadline: .now() + time) { continuation.resume() }
        }
    }
}
