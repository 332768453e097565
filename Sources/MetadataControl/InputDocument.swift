// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage
import YAMLReading

/// A document that is given to a command: YAML, or JSON.
enum InputDocument {
    /// - Parameter path: `-`: standard input.
    /// - Throws: `HostError`, `YAMLError`, `JSONError`: with file, line and column.
    static func read(_ path: String) throws -> MetadataValue {
        let bytes = path == "-" ? try standardInput() : try FileContents.read(FilePath(path))
        let source = MetadataSource(name: path == "-" ? "standard input" : path, bytes: bytes)
        let first = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let isJSON = path.hasSuffix(".json") || (path == "-" && first == UInt8(ascii: "{"))
        return isJSON ? try JSONParser.parse(source) : try YAMLReader.read(source)
    }

    private static func standardInput() throws -> [UInt8] { try FileContents.read("/dev/stdin") }

    /// Objects in one; null is a value.
    static func merged(_ objects: [MetadataValue]) -> MetadataValue {
        var whole = MetadataObject()
        for object in objects.compactMap(\.object) { whole.merge(object) }
        return MetadataValue(.object(whole))
    }

    /// An object in an object, down to `value`.
    static func nested(_ path: Substring, _ value: MetadataValue) -> MetadataValue {
        path.split(separator: ".", omittingEmptySubsequences: false).reversed().reduce(value) { value, part in
            JSONShape.object([(String(part), value)])
        }
    }
}
