// SPDX-License-Identifier: Apache-2.0

import MetadataTree

/// Reads the members of one line of a record.
struct RecordReader {
    /// Nil: one that is not known.
    let kind: RecordLine.Kind?
    private let object: MetadataObject
    private let place: String

    /// No number of a record is larger: 35 years in microseconds.
    private static let numbers = 0...(1 << 50)

    /// - Parameter place: file and line, for errors.
    /// - Throws: `RunRecord.FormatError`.
    init(_ bytes: [UInt8], at place: String) throws {
        let value: MetadataValue
        do {
            value = try JSONParser.parse(bytes, name: place)
        } catch {
            throw RunRecord.FormatError(description: "\(place):\(error.position.column): \(error.reason)")
        }
        guard let object = value.object, let type = object["type"]?.string?.text else {
            throw RunRecord.FormatError(description: "\(place): not a line of a record")
        }
        (self.object, self.place) = (object, place)
        kind = RecordLine.Kind(rawValue: type)
    }

    func error(_ reason: String) -> RunRecord.FormatError {
        RunRecord.FormatError(description: "\(place): \(reason)")
    }

    func text(_ key: ByteString) throws -> String {
        guard let text = object[key]?.string?.text else { throw error("\(key) is not a string") }
        return text
    }

    func optionalText(_ key: ByteString) throws -> String? { object[key] == nil ? nil : try text(key) }

    func number(_ key: ByteString) throws -> Int {
        guard case .integer(let value)? = object[key]?.kind, Self.numbers.contains(Int(value)) else {
            throw error("\(key) is not a number from 0 to \(Self.numbers.upperBound)")
        }
        return Int(value)
    }

    func optionalNumber(_ key: ByteString) throws -> Int? { object[key] == nil ? nil : try number(key) }

    /// None where there is no such member.
    func texts(_ key: ByteString) throws -> [String] {
        guard let value = object[key] else { return [] }
        let texts = value.array?.map { $0.string?.text }
        guard let texts, !texts.contains(nil) else { throw error("\(key) is not an array of strings") }
        return texts.compactMap { $0 }
    }
}
