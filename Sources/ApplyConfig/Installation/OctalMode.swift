// SPDX-License-Identifier: Apache-2.0

extension UInt32 {
    /// A mode as people write it, in four digits: `0644`, `4755`.
    var octalMode: String {
        let digits = String(self, radix: 8)
        return String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
    }
}
