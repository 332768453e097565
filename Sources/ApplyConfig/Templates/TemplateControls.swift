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
    /// A line of shell that has to succeed before anything is put in place; `{{src}}` in it is the staged file.
    var check: String?
    /// The groups whose name is told when the file changes.
    var groups: [String] = []
    /// What is odd, but no error.
    private(set) var oddities: [TextError] = []

    /// Whether an owner has to be looked up.
    var namesOwner: Bool {
        [owner, group].contains { if case .name = $0 { true } else { false } }
    }

    var warnings: [String] { oddities.map(\.description) }

    init() {}

    /// - Throws: `ConfigError`, or `ErrorList` of all that is wrong, with the places.
    init(reading path: FilePath) throws {
        // A directory or a dangling link is no control file.
        guard let status = try FileContents.existing(path), !status.isDirectory else { return }
        // Reading a FIFO would wait, and passing it over would lose the mode of a secret file.
        guard status.isRegular else { throw ConfigError("the control file \(path) is not a regular file") }
        let source = MetadataSource(name: path.string, bytes: try FileContents.read(path))
        let document: MetadataValue
        do {
            document = try YAMLReader.read(source)
        } catch {
            throw ConfigError(error.description, at: error)
        }
        guard document.isTruthy else { return }
        guard let members = document.object?.members else {
            throw ConfigError("\(path): header is not a dict: a control file is a mapping of keys to values")
        }
        var errors: [any Error] = []
        for member in members {
            do {
                try take(member.key.text, member.value, path)
            } catch let error as ConfigError {
                errors.append(Self.located(error, member.value.provenance))
            }
        }
        guard errors.isEmpty else { throw ErrorList(errors) }
    }

    /// The error with the text it lies in.
    private static func located(_ error: ConfigError, _ provenance: Provenance) -> ConfigError {
        guard let source = provenance.source, let position = provenance.position else { return error }
        let lead = "\(source.name):\(position): "
        let reason =
            error.description.hasPrefix(lead)
            ? String(error.description.dropFirst(lead.count)) : error.description
        let place = TextError(source: source, position: position, reason: reason)
        return ConfigError(error.description, at: place)
    }

    private mutating func take(_ key: String, _ value: MetadataValue, _ path: FilePath) throws {
        let place = value.provenance.location ?? path.string
        switch key {
        case "allow_empty":
            guard case .boolean(let isAllowed) = value.kind else {
                throw ConfigError("\(place): allow_empty requires Boolean, got: '\(Self.shown(value))'")
            }
            allowEmpty = isAllowed
        case "mode": mode = try Self.mode(value, place, &oddities)
        case "owner": owner = try Self.owner(value, key, place)
        case "group": group = try Self.owner(value, key, place)
        case "check":
            guard let command = value.string?.text, command.contains(FileCheck.placeholder) else {
                throw ConfigError("\(place): check must be a command with \(FileCheck.placeholder) in it")
            }
            check = command
        case "changed": groups = try Self.groups(value, place)
        default: throw ConfigError("\(place): unrecognised file control key '\(key)'")
        }
    }

    private static func groups(_ value: MetadataValue, _ place: String) throws -> [String] {
        let names = value.array ?? [value]
        return try names.map { name in
            guard let text = name.string?.text, ChangedGroups.isName(text) else {
                let shown = shown(name)
                throw ConfigError(
                    "\(place): changed '\(shown)' is not a name: ASCII letters, digits, '.', '_', '@' and '-', the last not first, as text"
                )
            }
            return text
        }
    }

    private static func mode(_ value: MetadataValue, _ place: String, _ oddities: inout [TextError]) throws
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
            let hint = isDecimal(value) ? "; \(number) is decimal, 0\(number) is octal" : ""
            throw ConfigError("\(place): mode '\(octal)' out of range (0 to 0777)\(hint)")
        }
        if number == 0 {
            oddities += odd(value, "mode 0 is ignored, the file keeps its mode")
            return nil
        }
        if isDecimal(value) { oddities += odd(value, "mode \(number) is decimal and means \(octal)") }
        return UInt32(number)
    }

    private static func odd(_ value: MetadataValue, _ reason: String) -> [TextError] {
        let provenance = value.provenance
        guard let source = provenance.source, let position = provenance.position else { return [] }
        return [TextError(source: source, position: position, reason: reason)]
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
