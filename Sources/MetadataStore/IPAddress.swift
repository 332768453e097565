// SPDX-License-Identifier: Apache-2.0

import Glibc

/// IP addresses, each in the one way in which it is written here.
package enum IPAddress {
    /// As `inet_ntop` writes it, and an IPv4 address that is mapped into IPv6 as IPv4's; nil when the text is none.
    package static func canonical(_ text: String) -> String? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return written(AF_INET, &four) }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1, let address = written(AF_INET6, &six) else { return nil }
        let mapped = "::ffff:"
        return address.hasPrefix(mapped) && address.contains(".")
            ? String(address.dropFirst(mapped.count)) : address
    }

    /// What one customer has at the least: an IPv4 address, or the 64 bits of an IPv6 network (RFC 6177).
    package static func network(of address: String) -> String {
        var six = in6_addr()
        guard inet_pton(AF_INET6, address, &six) == 1 else { return address }
        withUnsafeMutableBytes(of: &six) { bytes in
            for place in 8..<16 { bytes[place] = 0 }
        }
        return written(AF_INET6, &six) ?? address
    }

    private static func written(_ family: Int32, _ address: UnsafeRawPointer) -> String? {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, address, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
