// SPDX-License-Identifier: Apache-2.0

/// Times for people, in seconds.
enum SecondsText {
    /// With three decimals.
    static func long(_ duration: Duration) -> String {
        fixed(microseconds: duration.inMicroseconds, decimals: 3)
    }

    /// With three decimals.
    static func long(microseconds: Int) -> String { fixed(microseconds: microseconds, decimals: 3) }

    /// With as many decimals as count, up to microseconds.
    static func short(_ seconds: Double) -> String {
        let text = fixed(microseconds: Int((seconds * 1_000_000).rounded()), decimals: 6)
        let trimmed = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
        return trimmed.isEmpty || !text.contains(".") ? text : String(trimmed.reversed())
    }

    static func fixed(microseconds: Int, decimals: Int) -> String {
        var unit = 1_000_000
        for _ in 0..<decimals { unit /= 10 }
        let units = (max(microseconds, 0) + unit / 2) / unit
        let whole = units / (1_000_000 / unit)
        guard decimals > 0 else { return String(whole) }
        let fraction = String(units % (1_000_000 / unit))
        return "\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }

    /// `text` with blanks before it, as wide as `width`.
    static func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }
}
