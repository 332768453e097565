// SPDX-License-Identifier: Apache-2.0

import Glibc
import HostSystem
import SystemPackage

/// The records of the last runs: `runs/NUMBER.jsonl` below the state directory.
struct RecordDirectory: Sendable {
    static let standard = "/var/lib/os-refresh-config"
    static let variable = "OS_REFRESH_CONFIG_STATE_DIR"

    private static let largestNumber = 1_000_000_000_000

    let path: FilePath

    /// - Parameter state: the state directory.
    init(state: FilePath) {
        path = state.appending("runs")
    }

    private func file(_ number: Int) -> FilePath {
        let digits = String(number)
        return path.appending(String(repeating: "0", count: max(8 - digits.count, 0)) + digits + ".jsonl")
    }

    /// The numbers of the runs that have a record, in order; none when there is no directory.
    ///
    /// - Throws: `HostError` when the directory cannot be read.
    func numbers() throws(HostError) -> [Int] {
        let entries: [DirectoryListing.Entry]
        do {
            entries = try DirectoryListing.entries(of: path)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return [] }
            throw error
        }
        return entries.compactMap { entry in
            let name = entry.name.string
            guard entry.kind == .regular, name.hasSuffix(".jsonl"), let number = Int(name.dropLast(6)),
                (1...Self.largestNumber).contains(number), file(number).lastComponent == entry.name
            else { return nil }
            return number
        }.sorted()
    }

    /// - Throws: what `RunRecord` does.
    func record(_ number: Int) throws -> RunRecord { try RunRecord(number: number, path: file(number)) }

    /// The file of a new record; the oldest go, so that with it there are no more than `count`.
    ///
    /// - Throws: `HostError`.
    func begin(keeping count: Int) throws(HostError) -> HeldFile {
        _ = try RootedDirectory(path, creating: .byUmask)
        let numbers = try numbers()
        for number in numbers.dropLast(max(count - 1, 0)) {
            _ = file(number).withPlatformString { unlink($0) }
        }
        // Another run, with a lock of its own, may have taken the number.
        var number = (numbers.last ?? 0) + 1
        while true {
            if let file = try HeldFile.make(file(number)) { return file }
            number += 1
        }
    }
}
