// SPDX-License-Identifier: Apache-2.0

/// The members of a JSON object in the order in which their keys were first seen.
package struct MetadataObject: Sendable {
    package struct Member: Sendable {
        package let key: ByteString
        package var value: MetadataValue
    }

    package private(set) var members: [Member] = []
    /// Open addressing from a key's hash to its place + 1; made when a linear search would be slower.
    private var slots: [UInt32]?

    private static let largestUnindexed = 12

    package init() {}

    package init(_ members: KeyValuePairs<ByteString, MetadataValue>) {
        for (key, value) in members { self[key] = value }
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }

    /// The value of `key`. Setting a key that exists keeps its place; setting nil removes it.
    package subscript(key: ByteString) -> MetadataValue? {
        get { place(of: key).map { members[$0].value } }
        set {
            guard let newValue else { return remove(key) }
            if let place = place(of: key) {
                members[place].value = newValue
            } else {
                append(Member(key: key, value: newValue))
            }
        }
    }

    /// Changes the value of `key` in place, without a copy of what it holds.
    package mutating func update(_ key: ByteString, _ change: (inout MetadataValue) -> Void) -> Bool {
        guard let place = place(of: key) else { return false }
        change(&members[place].value)
        return true
    }

    private func place(of key: ByteString) -> Int? {
        guard let slots else { return members.firstIndex { $0.key == key } }
        let mask = slots.count - 1
        var slot = key.hashValue & mask
        while slots[slot] != 0 {
            let place = Int(slots[slot]) - 1
            if members[place].key == key { return place }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private mutating func append(_ member: Member) {
        members.append(member)
        guard let slots else {
            if members.count > Self.largestUnindexed { rebuildIndex() }
            return
        }
        if members.count * 2 > slots.count { rebuildIndex() } else { enter(members.count - 1) }
    }

    private mutating func remove(_ key: ByteString) {
        guard let place = place(of: key) else { return }
        members.remove(at: place)
        slots = nil
        if members.count > Self.largestUnindexed { rebuildIndex() }
    }

    private mutating func rebuildIndex() {
        var size = 64
        while size < members.count * 4 { size *= 2 }
        slots = Array(repeating: 0, count: size)
        for place in members.indices { enter(place) }
    }

    private mutating func enter(_ place: Int) {
        let mask = slots!.count - 1
        var slot = members[place].key.hashValue & mask
        while slots![slot] != 0 { slot = (slot + 1) & mask }
        slots![slot] = UInt32(place + 1)
    }
}

extension MetadataObject: Equatable {
    package static func == (left: MetadataObject, right: MetadataObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
    }
}
