// SPDX-License-Identifier: Apache-2.0

import MetadataTree
import Mustache
import SystemPackage

/// The keys that templates asked for in vain.
struct MissingKeys {
    private let keys: [MissingKey]
    private let partials: [MissingKey]

    init(_ files: [RenderedFile]) {
        // A partial that lies in the tree is a template too; by itself it lacks what surrounds it elsewhere.
        let used = files.reduce(into: Set<String>()) { $0.formUnion($1.partials) }
        let whole = files.filter { !used.contains($0.template.string) }
        keys = whole.flatMap(\.missing)
        partials = whole.flatMap(\.missingPartials)
    }

    /// One line with each key, how often it is missing, and where first.
    var warning: String? {
        guard !keys.isEmpty else { return nil }
        var names: [ByteString] = []
        var places: [ByteString: (count: Int, first: Template.Place)] = [:]
        for key in keys {
            if places[key.name] == nil { names.append(key.name) }
            places[key.name] = ((places[key.name]?.count ?? 0) + 1, places[key.name]?.first ?? key.place)
        }
        let shown = names.map { name -> String in
            let (count, first) = places[name]!
            return "\(name) (\(count == 1 ? "" : "\(count) times, first ")\(first))"
        }
        return "missing keys, which gave nothing: \(keys.count): \(shown.joined(separator: ", "))"
    }

    /// One for each place.
    func errors(in metadata: MetadataValue) -> [any Error] {
        keyErrors(in: metadata) + partials.map { TextError($0, "there is no partial \($0.name)") }
    }

    /// One for each place, with what may have been meant.
    func keyErrors(in metadata: MetadataValue) -> [TextError] {
        var told: Set<String> = []
        return keys.filter { told.insert("\($0.name) \($0.place)").inserted }.map { key in
            let path = key.name.split(on: UInt8(ascii: "."))
            let near = Spelling.suggestion(for: path, in: metadata)
            return TextError(key, "the key \(key.name) is missing\(near)")
        }
    }
}

extension TextError {
    init(_ missing: MissingKey, _ reason: String) {
        self.init(source: missing.place.source, position: missing.place.position, reason: reason)
    }
}
