// SPDX-License-Identifier: Apache-2.0

import MetadataTree

extension Settings {
    private static let referenceLimit = 32

    /// `value` with `$name`, `${name}`, `$group.name` and `${group.name}` replaced by the values of those options; `$$` and
    /// `\$` give `$`. What names no option stays as it is: a shell variable, most likely.
    func substituted(_ value: String, depth: Int) throws -> String {
        guard value.contains("$") else { return value }
        guard depth < Self.referenceLimit else {
            throw SettingsError("the value of an option refers to itself")
        }
        var result = ""
        var rest = Substring(value)
        while let character = rest.popFirst() {
            if character == "\\", rest.first == "$" {
                result.append(rest.removeFirst())
            } else if character != "$" {
                result.append(character)
            } else if rest.first == "$" {
                result.append(rest.removeFirst())
            } else if let (name, end) = Self.reference(rest),
                let replacement = try self.replacement(name, depth: depth)
            {
                result += replacement
                rest = rest[end...]
            } else {
                result.append("$")
            }
        }
        return result
    }

    /// The name that `text`, which stood behind a `$`, starts with, and where it ends.
    private static func reference(_ text: Substring) -> (name: Substring, end: Substring.Index)? {
        let isBraced = text.first == "{"
        let start = isBraced ? text.dropFirst() : text
        let name = start.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
        guard let first = name.first, first.isLetter || first == "_" else { return nil }
        guard isBraced else { return (name, name.endIndex) }
        guard name.endIndex < text.endIndex, text[name.endIndex] == "}" else { return nil }
        return (name, text.index(after: name.endIndex))
    }

    private func replacement(_ name: Substring, depth: Int) throws -> String? {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        let group = parts.count == 2 ? parts[0] : nil
        let key = parts.last ?? ""
        guard let definition = OptionTable.definition(group, key) else { return nil }
        guard let last = values[Key(group: group, key: key)]?.last else { return "" }
        let text = try substituted(last, depth: depth + 1)
        // As Python writes the number that it read.
        return definition.kind == .number ? Self.number(text).map(FloatText.python) ?? text : text
    }
}
