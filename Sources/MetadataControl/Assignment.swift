// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// `PATH=TEXT` or `PATH:=JSON`.
struct Assignment {
    let path: String
    let value: MetadataValue

    /// - Throws: `ControlError`, `JSONError`.
    init(_ text: String) throws {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ControlError("PATH=TEXT or PATH:=JSON is wanted, not '\(text)'")
        }
        let isJSON = text[text.index(before: equals)] == ":"
        path = String(text[..<(isJSON ? text.index(before: equals) : equals)])
        let given = String(text[text.index(after: equals)...])
        value =
            isJSON
            ? try JSONParser.parse(Array(given.utf8), name: "the value of \(path)")
            : MetadataValue(string: given)
    }

    var parts: [ByteString] { Self.parts(of: path) }

    static func parts(of path: String) -> [ByteString] { ByteString(path).split(on: UInt8(ascii: ".")) }
}

extension MetadataValue {
    /// This value with another one at a path, in objects that are made where there are none; nil takes away what is there.
    func setting(_ path: [ByteString], to value: MetadataValue?) -> MetadataValue {
        guard let key = path.first else { return value ?? .null }
        var object = object ?? MetadataObject()
        if value == nil, object[key] == nil { return self }
        if path.count == 1 {
            object[key] = value
        } else {
            object[key] = (object[key] ?? JSONShape.object([])).setting(Array(path.dropFirst()), to: value)
        }
        return MetadataValue(.object(object))
    }
}
