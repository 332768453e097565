// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import SystemPackage

/// What the cache holds of an earlier answer, and of which machine it is.
///
/// `ec2.json.boot` beside the document tells in which boot the instance-id was last found to be right, and on which machine.
struct EC2Cache: Sendable {
    let directory: FilePath
    /// Whether nothing may be written: the program only prints.
    let isReadOnly: Bool
    let logger: Logger

    private static let recordName = FilePath("ec2.json.boot")

    /// The cached document; nil when there is none that can be used.
    func document() -> MetadataValue? {
        let path = directory.appending("ec2.json")
        guard let bytes = try? FileContents.read(path) else { return nil }
        do {
            let value = try JSONParser.parse(bytes, name: path.string)
            return value.isTruthy ? value : nil
        } catch {
            logger.warning("\(error), ignoring")
            return nil
        }
    }

    private var record: MetadataObject? {
        let path = directory.appending(Self.recordName.components)
        guard let bytes = try? FileContents.read(path) else { return nil }
        return (try? JSONParser.parse(bytes, name: path.string))?.object
    }

    /// Whether the machine was found to be called so since it was booted.
    func isChecked(_ identity: EC2Provider.Identity?) -> Bool {
        guard let boot = Self.line("/proc/sys/kernel/random/boot_id"), let record else { return false }
        return record["boot_id"]?.string?.text == boot && record["instance_id"]?.string == identity?.value
    }

    /// Whether there is a record, and nothing in it says that it was made on this machine.
    var isFromAnotherMachine: Bool { record != nil && !isFromThisMachine }

    /// Whether the record says that it was made on this machine.
    var isFromThisMachine: Bool {
        guard let machine = record?["product_uuid"]?.string?.text else { return false }
        return machine == Self.line("/sys/class/dmi/id/product_uuid")
    }

    /// Notes that the metadata is this machine's, as far as can be known.
    func noteBoot(_ identity: EC2Provider.Identity?) {
        guard !isReadOnly else { return }
        let record = JSONShape.object([
            ("boot_id", Self.line("/proc/sys/kernel/random/boot_id").map { MetadataValue(string: $0) }),
            ("product_uuid", Self.line("/sys/class/dmi/id/product_uuid").map { MetadataValue(string: $0) }),
            ("instance_id", identity.map { MetadataValue(.string($0.value)) }),
        ])
        do {
            let staged = StagedWrite(in: try RootedDirectory(directory, creating: .byUmask))
            try staged.stage(Self.recordName, JSONWriter.bytes(of: record), FileAttributes(mode: 0o600))
            try staged.commit()
        } catch {
            logger.warning("\(error), ignoring: the instance-id will be asked for again")
        }
    }

    private static func line(_ path: String) -> String? {
        guard let bytes = try? FileContents.read(FilePath(path)) else { return nil }
        let text = String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
        return text.isEmpty ? nil : text
    }
}
