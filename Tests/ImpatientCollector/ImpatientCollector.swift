// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import CollectConfig
import Glibc

/// os-collect-config with a clock by which no pause takes time.
@main
struct ImpatientCollector {
    static func main() async {
        exit(await CollectConfigCommand.run(.current, clock: ImpatientClock()))
    }
}

/// Every sleep is over at once.
private struct ImpatientClock: Clock {
    var now: ContinuousClock.Instant { .now }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        await Task.yield()
    }
}
