// SPDX-License-Identifier: Apache-2.0

/// Makes JSON for machines.
package enum JSONShape {
    /// Without the members that are nil.
    package static func object(_ members: [(String, MetadataValue?)]) -> MetadataValue {
        var object = MetadataObject()
        for (key, value) in members { if let value { object[ByteString(key)] = value } }
        return MetadataValue(.object(object))
    }

    package static func array(_ values: [MetadataValue]) -> MetadataValue { MetadataValue(.array(values)) }

    package static func number(_ value: Int) -> MetadataValue { MetadataValue(.integer(Int64(value))) }

    /// What is printed: a document and a line end.
    package static func text(_ value: MetadataValue) -> [UInt8] {
        JSONWriter.bytes(of: value, layout: .indented) + [0x0A]
    }

    /// One line of a file that has a document a line (JSON Lines).
    package static func line(_ value: MetadataValue) -> [UInt8] {
        JSONWriter.bytes(of: value) + [0x0A]
    }
}
