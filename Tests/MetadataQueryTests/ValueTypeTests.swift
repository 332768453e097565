// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Testing

@testable import MetadataQuery

@Suite("Types of values, as the original has them and stricter (D19)")
struct ValueTypeTests {
    private func accepts(_ type: String, _ text: String, isStrict: Bool) -> Bool {
        guard let type = ValueType(rawValue: type) else { return false }
        return (try? type.check(MetadataValue(string: text), of: "k", isStrict: isStrict)) != nil
    }

    @Test(
        "what a type takes",
        arguments: [
            ("int", "-1", false, true), ("int", "+12", false, true), ("int", "x", false, false),
            ("netaddress", "", true, false), ("netaddress", "10.0.0.0/8", true, true),
            ("netaddress", "fe80::1", true, true), ("netaddress", "a/b", true, false),
            ("netdevice", "br_int", false, true), ("netdevice", "veth0@if3", false, true),
            ("netdevice", "", true, false), ("netdevice", "a/b", true, false),
            ("swiftdevices", "r1z1-my-host:%PORT%/d1", false, true),
            ("swiftdevices", "r1z1-a;b:%PORT%/d1", true, false), ("default", "a_b", true, true),
            ("default", "", true, true), ("username", "a-b", true, true), ("raw", "a\nb", true, true),
            ("dsn", "mysql://u:p@h/d", true, true),
        ])
    func table(type: String, text: String, byDefault: Bool, strictly: Bool) {
        #expect(accepts(type, text, isStrict: false) == byDefault)
        #expect(accepts(type, text, isStrict: true) == strictly)
    }

    @Test("no type but raw takes a line end", arguments: ValueType.allCases)
    func lineEnds(type: ValueType) {
        for text in ["1\n", "a\n", "mysql://u:p\n", "r1z1-h:%PORT%/d\n"] {
            for isStrict in [false, true] {
                #expect(accepts(type.rawValue, text, isStrict: isStrict) == (type == .raw))
            }
        }
    }
}
