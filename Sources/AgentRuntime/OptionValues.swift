// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What a program prints: for people or for programs.
package enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// A time limit in seconds; 0 is none.
package struct Seconds: ExpressibleByArgument, Sendable {
    package let value: Double

    package init(_ value: Double) {
        self.value = value
    }

    package init?(argument: String) {
        let isPlain = argument.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
        guard isPlain, let value = Double(argument), value < 1e9 else { return nil }
        self.value = value
    }

    package var limit: Duration? { value > 0 ? .seconds(value) : nil }
    package var defaultValueDescription: String { "\(Int(value))" }
}

extension Terminal.ColorChoice: ExpressibleByArgument {}
