// SPDX-License-Identifier: Apache-2.0

import HostSystem
import Logging
import MetadataTree
import SystemPackage

/// A small disk that an OpenStack cloud attaches to a machine, with its metadata in files.
///
/// Source of the format: OpenStack Nova, "Config drives": a file system with the label `config-2`, VFAT or ISO 9660.
struct ConfigDrive: Sendable {
    let logger: Logger

    private static let labels = ["config-2", "CONFIG-2"]
    private static let types = ["iso9660", "vfat"]
    /// In the order in which they count.
    private static let files: [FilePath] = ["ec2/latest/meta-data.json", "openstack/latest/meta_data.json"]
    private static let userDataFiles: [FilePath] = ["ec2/latest/user-data", "openstack/latest/user_data"]
    private static let sizeLimit = 16 << 20
    private static let searchLimit = Duration.seconds(10)

    /// The metadata of the drive; nil when there is no drive, or none that can be read.
    func document() async -> MetadataValue? {
        guard let device = await device() else { return nil }
        do {
            if let (file, bytes) = try first(of: Self.files, on: device) {
                return try JSONParser.parse(
                    bytes, name: "\(device.path):\(file)", valueLimit: MetadataClient.valueLimit)
            }
            logger.warning(
                "the config drive \(device.path) has none of \(Self.files.map(\.string).joined(separator: ", ")), ignoring"
            )
        } catch {
            logger.warning("the config drive \(device.path) cannot be used: \(error), ignoring")
        }
        return nil
    }

    /// The user data of the drive; nil when there is none.
    func userData() async -> ByteString? {
        guard let device = await device() else { return nil }
        return (try? first(of: Self.userDataFiles, on: device)).map { ByteString($0.bytes) }
    }

    /// The first of the files that the drive has.
    private func first(of files: [FilePath], on device: Device) throws -> (file: FilePath, bytes: [UInt8])? {
        for file in files {
            if let bytes = try read(file, on: device) { return (file, bytes) }
        }
        return nil
    }

    private struct Device {
        let path: FilePath
        /// Nil: whichever fits.
        var type: String?
    }

    // MARK: Finding

    private func device() async -> Device? {
        for label in Self.labels {
            let link = FilePath("/dev/disk/by-label").appending(label)
            if let path = FileContents.resolved(link) { return Device(path: path) }
        }
        let command = CommandRunner.Command("blkid", ["-o", "export"])
        // With nothing to tell, blkid ends with status 2.
        guard let told = try? await CommandRunner.capture(command, input: [], limit: Self.searchLimit) else {
            return nil
        }
        return Self.device(in: told.output)
    }

    /// The first drive that blkid(8) tells of: blocks of `KEY=value`, with a blank line between two.
    private static func device(in output: [UInt8]) -> Device? {
        let text = String(decoding: output, as: UTF8.self).replacing("\\ ", with: " ")
        var block: [Substring: Substring] = [:]
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines + [Substring()] {
            if let equals = line.firstIndex(of: "=") {
                block[line[..<equals]] = line[line.index(after: equals)...]
            } else if line.isEmpty {
                if let name = block["DEVNAME"], let type = block["TYPE"], let label = block["LABEL"],
                    labels.contains(String(label)), types.contains(String(type))
                {
                    return Device(path: FilePath(String(name)), type: String(type))
                }
                block = [:]
            }
        }
        return nil
    }

    // MARK: Reading

    private func read(_ file: FilePath, on device: Device) throws -> [UInt8]? {
        if let place = Self.mountPoint(of: device.path) {
            return try RootedDirectory(place).read(file)
        }
        var failure: HostError?
        for type in device.type.map({ [$0] }) ?? Self.types {
            do throws(HostError) {
                return try DetachedMount(device.path, type: type).read(file, limit: Self.sizeLimit)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return nil
    }

    /// Where the device is mounted already (proc_mounts(5)).
    private static func mountPoint(of device: FilePath) -> FilePath? {
        guard let bytes = try? FileContents.read("/proc/self/mounts") else { return nil }
        for line in bytes.split(separator: 0x0A) {
            let fields = line.split(separator: 0x20, maxSplits: 2)
            guard fields.count == 3, fields[0].first == UInt8(ascii: "/") else { continue }
            if FileContents.resolved(FilePath(unescaped(fields[0]))) == device {
                return FilePath(unescaped(fields[1]))
            }
        }
        return nil
    }

    /// With `\040` and the like as the bytes that they stand for.
    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
