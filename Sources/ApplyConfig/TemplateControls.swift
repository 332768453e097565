// SPDX-License-Identifier: Apache-2.0

import HostSystem
import MetadataTree
import SystemPackage
import YAMLReading

/// What the control file beside a template (`TEMPLATE.oac`, YAML) says of the file it makes.
struct TemplateControls {
    enum Owner: Equatable {
        case id(UInt32)
        case name(String)
    }

    /// Whether an empty file is made; if not, an existing one is deleted.
    var allowEmpty = true
    /// 0...0o777; nil: as the existing file has it.
    var mode: UInt32?
    var owner: Owner?
    var group: Owner?
    /// What is odd, but no error.
    private(set) var warnings: [String] = []

    init() {}

    /// - Throws: `ConfigError` with the place of what is wrong.
    init(reading path: FilePath) throws {
        // A directory or a dangling link is no control file.
        guard FileContents.status(path)?.isRegular == true else { return }
        let source = MetadataSource(name: path.string, bytes: try FileContents.read(path))
        let document: MetadataValue
        do {
            document = try YAMLReader.read(source)
        } catch {
            throw ConfigError(error.description)
        }
        guard document.isTruthy else { return }
        guard let members = document.object?.members else {
            throw ConfigError("\(path): header is not a dict: a control file is a mapping of keys to values")
        }
        for member in members { try take(member.key.text, member.value, path) }
    }

    private mutating func take(_ key: String, _ value: MetadataValue, _ path: FilePath) throws {
        let place = value.provenance.location ?? path.string
        switch key {
        case "allow_empty":
            guard case .boolean(let isAllowed) = value.kind else {
                throw ConfigError("\(place): allow_empty requires Boolean, got: '\(Self.shown(value))'")
            }
            allowEmpty = isAllowed
        case "mode": mode = try Self.mode(value, place, &warnings)
        case "owner": owner = try Self.owner(value, key, place)
        case "group": group = try Self.owner(value, key, place)
        default: throw ConfigError("\(place): unrecognised file control key '\(key)'")
        }
    }

    private static func mode(_ value: MetadataValue, _ place: String, _ warnings: inout [String]) throws
        -> UInt32?
    {
        let number: Int64
        switch value.kind {
        case .integer(let integer): number = integer
        case .string(let text) where text.text.hasPrefix("0o"):
            guard let octal = Int64(text.text.dropFirst(2), radix: 8) else { fallthrough }
            number = octal
        default: throw ConfigError("\(place): mode '\(shown(value))' is not numeric")
        }
        let octal = "0" + String(number, radix: 8)
        guard (0...0o777).contains(number) else {
            throw ConfigError("\(place): mode '\(octal)' out of range (0 to 0777)")
        }
        if number == 0 {
            warnings.append("\(place): mode 0 is ignored, the file keeps its mode")
            return nil
        }
        if isDecimal(value) { warnings.append("\(place): mode \(number) is decimal and means \(octal)") }
        return UInt32(number)
    }

    /// Whether a number was written like `440`, which YAML does not take for octal.
    private static func isDecimal(_ value: MetadataValue) -> Bool {
        let provenance = value.provenance
        guard let source = provenance.source, case .integer = value.kind else { return false }
        let digits = source.bytes[Int(provenance.offset)...].prefix {
            (0x30...0x39).contains($0) || $0 == 0x5F
        }
        guard let first = digits.first, first != UInt8(ascii: "0") else { return false }
        return digits.count >= 3 && digits.allSatisfy { $0 < UInt8(ascii: "8") || $0 == 0x5F }
    }

    private static func owner(_ value: MetadataValue, _ key: String, _ place: String) throws -> Owner {
        switch value.kind {
        case .string(let name): return .name(name.text)
        case .integer(let id):
            guard let id = UInt32(exactly: id), id != .max else {
                throw ConfigError("\(place): \(key) '\(id)' is not an id")
            }
            return .id(id)
        default: throw ConfigError("\(place): \(key) '\(shown(value))' must be a string or int")
        }
    }

    /// A value as Python shows it in a message.
    private static func shown(_ value: MetadataValue) -> String {
        switch value.kind {
        case .null: "None"
        case .boolean(let value): value ? "True" : "False"
        case .string(let text): text.text
        default: JSONWriter.text(of: value)
        }
    }
}
