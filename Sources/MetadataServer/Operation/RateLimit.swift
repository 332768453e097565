// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// So many requests a second from each address, and as many at once as in two seconds.
final class RateLimit: Sendable {
    private struct Bucket {
        var tokens: Double
        var filled: ContinuousClock.Instant
    }

    private static let addressLimit = 20_000

    private let rate: Double
    private let buckets = Mutex<[String: Bucket]>([:])

    init(rate: Int) { self.rate = Double(rate) }

    /// Whether one more is within the limit.
    func admits(_ address: String, at now: ContinuousClock.Instant = .now) -> Bool {
        buckets.withLock { buckets in
            if buckets.count > Self.addressLimit {
                // Those that are full again have nothing to tell.
                buckets = buckets.filter { filled($0.value, at: now) < 2 * rate }
                if buckets.count > Self.addressLimit { buckets = [:] }
            }
            var bucket = buckets[address] ?? Bucket(tokens: 2 * rate, filled: now)
            bucket.tokens = filled(bucket, at: now)
            bucket.filled = now
            defer { buckets[address] = bucket }
            guard bucket.tokens >= 1 else { return false }
            bucket.tokens -= 1
            return true
        }
    }

    private func filled(_ bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
        min(2 * rate, bucket.tokens + bucket.filled.duration(to: now) / .seconds(1) * rate)
    }
}
