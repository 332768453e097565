// SPDX-License-Identifier: Apache-2.0

/// Which phases and hooks of a base directory are meant.
struct RunSelection: Sendable {
    /// What is wanted cannot be found, or is not clear.
    struct SelectionError: Error, CustomStringConvertible {
        let description: String
    }

    /// In the order of their running.
    private(set) var phases: [Phase]
    /// The hook of the first phase to start with.
    private(set) var firstHook: String?

    /// - Parameters:
    ///   - names: the phases that are wanted; none: all.
    ///   - first: the hook to start with: its name, or `PHASE/NAME`, where the phase may have its `.d`.
    ///   - hooks: the names of a phase's hooks.
    /// - Throws: `SelectionError`, and what `hooks` throws.
    init(phases names: [Phase], from first: String?, hooks: (Phase) throws -> [String]) throws {
        phases = Phase.allCases.filter { names.isEmpty || names.contains($0) }
        guard let first else { return }
        let (phase, name) = Self.parts(of: first)
        let places = try phases.filter { place in
            guard phase == nil || phase == place.rawValue else { return false }
            return try hooks(place).contains(name)
        }
        guard let place = places.first else {
            throw SelectionError(description: "there is no hook '\(first)' in \(Self.list(phases))")
        }
        guard places.count == 1 else {
            let choices = places.map { "\($0.rawValue)/\(name)" }.joined(separator: ", ")
            throw SelectionError(description: "which hook is meant: \(choices)?")
        }
        phases.removeAll { Phase.allCases.firstIndex(of: $0)! < Phase.allCases.firstIndex(of: place)! }
        firstHook = name
    }

    /// Whether nothing is left out.
    var isWhole: Bool { phases == Phase.allCases && firstHook == nil }

    private static func parts(of first: String) -> (phase: String?, name: String) {
        guard let slash = first.lastIndex(of: "/") else { return (nil, first) }
        let directory = first[..<slash]
        let phase = directory.hasSuffix(".d") ? directory.dropLast(2) : directory
        return (String(phase), String(first[first.index(after: slash)...]))
    }

    private static func list(_ phases: [Phase]) -> String {
        phases.map { Phase.directory(of: $0.rawValue) }.joined(separator: ", ")
    }

    /// The hooks of `phase` that are meant.
    func hooks(of phase: Phase, in directory: HookDirectory) -> [String] {
        guard phase == phases.first, let firstHook else { return directory.hooks }
        return Array(directory.hooks.drop { $0 != firstHook })
    }
}
