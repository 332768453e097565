// SPDX-License-Identifier: Apache-2.0

import MetadataQuery
import MetadataTree
import Mustache

/// What the metadata files say about one key, in the order in which they are merged.
struct KeyHistory {
    struct Entry {
        let document: String
        /// The value that the document gives; nil: it takes away what was there before, by giving something else above it.
        let value: MetadataValue?
        /// Where it does, as `file:line:column`.
        let location: String
    }

    let path: [ByteString]
    /// What counts in the end; nil when the key is missing.
    private(set) var value: MetadataValue?
    private(set) var entries: [Entry] = []

    init(_ path: [ByteString], in documents: [MetadataFiles.Document]) {
        self.path = path
        var merged = MetadataObject()
        for document in documents {
            let before = Self.walk(merged, path).found
            if merged.isEmpty { merged = document.object } else { merged.merge(document.object) }
            let walk = Self.walk(document.object, path)
            value = Self.walk(merged, path).found
            if let found = walk.found {
                entries.append(Entry(document: document.path, found, found))
            } else if before != nil, value == nil {
                entries.append(Entry(document: document.path, nil, walk.deepest))
            }
        }
    }

    /// The value at `path`, null too, and the deepest one on the way.
    private static func walk(_ root: MetadataObject, _ path: [ByteString]) -> (
        found: MetadataValue?, deepest: MetadataValue?
    ) {
        var value = MetadataValue(.object(root))
        var deepest: MetadataValue?
        for part in path {
            var next: MetadataValue?
            switch value.kind {
            case .object(let members): next = members[part]
            case .array(let elements):
                if let index = MetadataPath.listIndex(part.text, count: elements.count) {
                    next = elements[index]
                }
            default: break
            }
            guard let next else { return (nil, deepest) }
            value = next
            deepest = next
        }
        return (value, deepest)
    }
}

extension KeyHistory.Entry {
    fileprivate init(document: String, _ value: MetadataValue?, _ place: MetadataValue?) {
        self.init(document: document, value: value, location: place?.provenance.location ?? document)
    }
}
