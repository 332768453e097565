// SPDX-License-Identifier: Apache-2.0

/// One JSON value as the agents see it: order of keys, length of integers and bytes of strings are kept, and
/// where it came from is known.
package struct MetadataValue: Sendable {
    package enum Kind: Sendable {
        case null
        case boolean(Bool)
        case integer(Int64)
        /// An integer that does not fit 64 bits, as its decimal digits (with `-` where negative).
        case bigInteger(ByteString)
        case float(Double)
        case string(ByteString)
        case array([MetadataValue])
        case object(MetadataObject)
    }

    package var kind: Kind
    private var offset: UInt32
    private var source: MetadataSource?

    package init(_ kind: Kind, from provenance: Provenance = .none) {
        self.kind = kind
        offset = provenance.offset
        source = provenance.source
    }

    package init(string: String) { self.init(.string(ByteString(string))) }

    package static var null: MetadataValue { MetadataValue(.null) }

    package var provenance: Provenance { Provenance(source: source, offset: offset) }

    package var object: MetadataObject? {
        if case .object(let object) = kind { object } else { nil }
    }

    package var array: [MetadataValue]? {
        if case .array(let array) = kind { array } else { nil }
    }

    package var string: ByteString? {
        if case .string(let string) = kind { string } else { nil }
    }

    package var isNull: Bool {
        if case .null = kind { true } else { false }
    }

    /// Python's idea of truth: null, false, zero, and the empty string, list and object are not.
    package var isTruthy: Bool {
        switch kind {
        case .null: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .bigInteger: true
        case .float(let value): value != 0
        case .string(let value): !value.isEmpty
        case .array(let values): !values.isEmpty
        case .object(let members): !members.isEmpty
        }
    }
}

/// Equal when the same JSON document could have given both: types count (1 is not true, nor 1.0), the order of
/// keys does not, nor where a value came from.
extension MetadataValue: Equatable {
    package static func == (left: MetadataValue, right: MetadataValue) -> Bool {
        switch (left.kind, right.kind) {
        case (.null, .null): true
        case (.boolean(let left), .boolean(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.bigInteger(let left), .bigInteger(let right)): left == right
        case (.float(let left), .float(let right)):
            left.bitPattern == right.bitPattern || (left.isNaN && right.isNaN)
        case (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}
