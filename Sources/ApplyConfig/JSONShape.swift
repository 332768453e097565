// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// Makes JSON for machines.
enum JSONShape {
    /// Without the members that are nil.
    static func object(_ members: [(String, MetadataValue?)]) -> MetadataValue {
        var object = MetadataObject()
        for (key, value) in members { if let value { object[ByteString(key)] = value } }
        return MetadataValue(.object(object))
    }

    static func array(_ values: [MetadataValue]) -> MetadataValue { MetadataValue(.array(values)) }

    static func number(_ value: Int) -> MetadataValue { MetadataValue(.integer(Int64(value))) }

    /// What is printed: a document and a line end.
    static func text(_ value: MetadataValue) -> [UInt8] {
        JSONWriter.bytes(of: value, layout: .indented) + [0x0A]
    }
}
