// SPDX-License-Identifier: Apache-2.0

import MetadataStore
import Testing

@Suite("IP addresses")
struct IPAddressTests {
    @Test(
        "are written in one way, and belong to networks",
        arguments: [
            ("10.0.0.5", "10.0.0.5", "10.0.0.5"), ("::ffff:10.0.0.5", "10.0.0.5", "10.0.0.5"),
            ("2001:DB8:0:1::0:7", "2001:db8:0:1::7", "2001:db8:0:1::"), ("::1", "::1", "::"),
        ])
    func addresses(text: String, address: String, network: String) {
        #expect(IPAddress.canonical(text) == address)
        #expect(IPAddress.network(of: address) == network)
    }

    @Test("what is none", arguments: ["", "10.0.0.256", "10.0.0", "::g", "localhost", "10.0.0.5 "])
    func refused(text: String) { #expect(IPAddress.canonical(text) == nil) }
}
