// SPDX-License-Identifier: Apache-2.0

/// How often sources may wake the loop: a few times at once, and then no oftener than it would ask by itself.
struct WakeAllowance {
    private static let most = 5.0
    private var left = most
    private var last = ContinuousClock.now

    /// How long to wait before the next round.
    mutating func take(interval: Double) -> Duration {
        let now = ContinuousClock.now
        let (seconds, attoseconds) = (now - last).components
        left = min(left + (Double(seconds) + Double(attoseconds) / 1e18) / interval, Self.most) - 1
        last = now
        guard left < 0 else { return .zero }
        return .seconds(-left * interval)
    }
}
