// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Mustache

/// Finds what somebody may have meant.
enum Spelling {
    /// `; did you mean a.b.c?`, or nothing.
    static func suggestion(for path: [ByteString], in root: MetadataValue) -> String {
        guard let near = nearest(to: path, in: root) else { return "" }
        return "; did you mean \(near.dotted)?"
    }

    /// `path` with the first part that does not exist replaced by the one most like it, if what follows exists then; else
    /// the path in all metadata that ends with the same part.
    static func nearest(to path: [ByteString], in root: MetadataValue) -> [ByteString]? {
        var value = root
        for (place, part) in path.enumerated() {
            guard let members = value.object else { break }
            if let member = members[part] {
                value = member
                continue
            }
            let near = members.members.map(\.key)
                .map { (key: $0, distance: distance($0.text, part.text)) }
                .filter { $0.distance <= (part.count < 3 ? 0 : max(1, part.count / 3)) }
                .sorted { ($0.distance, $0.key.text) < ($1.distance, $1.key.text) }
            for candidate in near {
                let corrected = path[..<place] + [candidate.key] + path[(place + 1)...]
                if exists(Array(corrected), in: root) { return Array(corrected) }
            }
            break
        }
        guard let last = path.last else { return nil }
        return find(last, in: root, [], depth: 0)
    }

    private static func exists(_ path: [ByteString], in root: MetadataValue) -> Bool {
        var value = root
        for part in path {
            guard let member = value.object?[part] else { return false }
            value = member
        }
        return true
    }

    private static let depthLimit = 16

    private static func find(_ name: ByteString, in value: MetadataValue, _ path: [ByteString], depth: Int)
        -> [ByteString]?
    {
        guard let members = value.object?.members, depth < depthLimit else { return nil }
        if members.contains(where: { $0.key == name }) { return path + [name] }
        for member in members {
            if let found = find(name, in: member.value, path + [member.key], depth: depth + 1) {
                return found
            }
        }
        return nil
    }

    /// How many characters have to be changed, put in, taken out, or swapped with their neighbour.
    static func distance(_ one: String, _ other: String) -> Int {
        let (left, right) = (Array(one), Array(other))
        guard left.count < 200, right.count < 200 else { return .max }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, character) in left.enumerated() {
            var current = [row + 1]
            for (column, candidate) in right.enumerated() {
                var best = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (character == candidate ? 0 : 1)
                )
                if row > 0, column > 0, character == right[column - 1], left[row - 1] == candidate {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
