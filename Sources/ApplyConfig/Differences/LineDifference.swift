// SPDX-License-Identifier: Apache-2.0

/// How one list of lines becomes another: lines that are unique in both anchor the comparison (Bram Cohen's patience
/// difference), and what lies between two anchors is compared by itself.
///
/// The time is bounded: between anchors that are far apart and have no unique line in common, all is replaced.
struct LineDifference {
    enum Step: Equatable {
        case keep(old: Int, new: Int)
        case remove(old: Int)
        case add(new: Int)
    }

    private(set) var steps: [Step] = []

    private let old: [ArraySlice<UInt8>]
    private let new: [ArraySlice<UInt8>]

    /// From how many lines on a stretch is compared by its anchors only.
    private static let exactLimit = 400

    init(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) {
        self.old = old
        self.new = new
        compare(old.indices, new.indices)
    }

    private mutating func compare(_ oldRange: Range<Int>, _ newRange: Range<Int>) {
        var (low, newLow) = (oldRange.lowerBound, newRange.lowerBound)
        var (high, newHigh) = (oldRange.upperBound, newRange.upperBound)
        while low < high, newLow < newHigh, old[low] == new[newLow] {
            steps.append(.keep(old: low, new: newLow))
            low += 1
            newLow += 1
        }
        var kept = 0
        while low < high, newLow < newHigh, old[high - 1] == new[newHigh - 1] {
            high -= 1
            newHigh -= 1
            kept += 1
        }
        compareMiddle(low..<high, newLow..<newHigh)
        for offset in 0..<kept { steps.append(.keep(old: high + offset, new: newHigh + offset)) }
    }

    private mutating func compareMiddle(_ oldRange: Range<Int>, _ newRange: Range<Int>) {
        guard !oldRange.isEmpty, !newRange.isEmpty else { return replace(oldRange, newRange) }
        let anchors = anchors(oldRange, newRange)
        guard !anchors.isEmpty else {
            return oldRange.count + newRange.count <= Self.exactLimit
                ? compareExactly(oldRange, newRange) : replace(oldRange, newRange)
        }
        var (low, newLow) = (oldRange.lowerBound, newRange.lowerBound)
        for anchor in anchors {
            compare(low..<anchor.old, newLow..<anchor.new)
            steps.append(.keep(old: anchor.old, new: anchor.new))
            (low, newLow) = (anchor.old + 1, anchor.new + 1)
        }
        compare(low..<oldRange.upperBound, newLow..<newRange.upperBound)
    }

    private mutating func replace(_ oldRange: Range<Int>, _ newRange: Range<Int>) {
        for line in oldRange { steps.append(.remove(old: line)) }
        for line in newRange { steps.append(.add(new: line)) }
    }

    /// The shortest way, by the standard library's difference.
    private mutating func compareExactly(_ oldRange: Range<Int>, _ newRange: Range<Int>) {
        let difference = Array(new[newRange]).difference(from: Array(old[oldRange]))
        var removed: Set<Int> = []
        var added: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(oldRange.lowerBound + offset)
            case .insert(let offset, _, _): added.insert(newRange.lowerBound + offset)
            }
        }
        var (line, newLine) = (oldRange.lowerBound, newRange.lowerBound)
        while line < oldRange.upperBound || newLine < newRange.upperBound {
            if removed.contains(line) {
                steps.append(.remove(old: line))
                line += 1
            } else if added.contains(newLine) {
                steps.append(.add(new: newLine))
                newLine += 1
            } else {
                steps.append(.keep(old: line, new: newLine))
                line += 1
                newLine += 1
            }
        }
    }

    // MARK: Anchors

    private typealias Anchor = (old: Int, new: Int)

    /// The lines that occur once in either range, as far as their order is the same in both.
    private func anchors(_ oldRange: Range<Int>, _ newRange: Range<Int>) -> [Anchor] {
        let oldPlaces = uniquePlaces(old, oldRange)
        let newPlaces = uniquePlaces(new, newRange)
        let common = newPlaces.compactMap { line, place in oldPlaces[line].map { Anchor($0, place) } }
        return longestAscent(common.sorted { $0.new < $1.new })
    }

    private func uniquePlaces(_ lines: [ArraySlice<UInt8>], _ range: Range<Int>) -> [ArraySlice<UInt8>: Int] {
        var places: [ArraySlice<UInt8>: Int?] = [:]
        for place in range {
            places.updateValue(places[lines[place]] == nil ? place : nil, forKey: lines[place])
        }
        return places.compactMapValues { $0 }
    }

    /// The longest run of anchors whose places in the old lines ascend, by patience sorting.
    private func longestAscent(_ anchors: [Anchor]) -> [Anchor] {
        var piles: [Int] = []
        var previous = [Int?](repeating: nil, count: anchors.count)
        for (index, anchor) in anchors.enumerated() {
            var low = 0
            var high = piles.count
            while low < high {
                let middle = (low + high) / 2
                if anchors[piles[middle]].old < anchor.old { low = middle + 1 } else { high = middle }
            }
            previous[index] = low > 0 ? piles[low - 1] : nil
            if low == piles.count { piles.append(index) } else { piles[low] = index }
        }
        var run: [Anchor] = []
        var next = piles.last
        while let index = next {
            run.append(anchors[index])
            next = previous[index]
        }
        return run.reversed()
    }
}
