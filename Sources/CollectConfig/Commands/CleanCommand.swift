// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import ArgumentParser
import HostSystem
import SystemPackage

/// `os-collect-config clean`: takes away what belongs to this machine alone, so that an image of it fits another.
struct CleanCommand: SubcommandRunning {
    static let name = "clean"
    static let summary = "Removes what belongs to this machine alone, so that its disk can be copied."
    static let rules: [OriginalArguments.Option] =
        ConfigurationOptions.rules + [
            .init("--machine-id", arity: .none, isOriginal: false),
            .init("--logs", arity: .none, isOriginal: false),
        ]

    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "Empty /etc/machine-id too: the next boot makes a new one.")
    var machineId = false

    @Flag(help: "Remove the logs of the three agents and the records of os-refresh-config too.")
    var logs = false

    private static let logFiles = [
        "/var/log/os-apply-config.log", "/var/log/os-refresh-config.log", "/var/log/os-collect-config.log",
    ]
    private static let records: FilePath = "/var/lib/os-refresh-config"
    private static let machineID: FilePath = "/etc/machine-id"
    /// From here the next boot would take the old one.
    private static let busMachineID: FilePath = "/var/lib/dbus/machine-id"

    func run(_ call: Invocation, operands: [String]) async throws -> Int32 {
        let settings = try configuration.settings(call.environment)
        func path(_ group: String?, _ key: String) throws -> FilePath? {
            try settings.string(group, key).flatMap { $0.isEmpty ? nil : FilePath($0) }
        }
        let statusFile = try path(nil, "status_file")
        if let statusFile, let kept = try? StatusFile(path: statusFile).read(), kept.isAlive {
            throw SettingsError("the daemon is running, and would write it all again: stop it first")
        }
        if let cache = try path(nil, "cachedir") {
            if let backup = try path(nil, "backup_cachedir") {
                FileTree.removeUnfinished(of: FileContents.resolved(backup) ?? backup)
                guard CacheBackup.isBackup(backup, of: cache) else {
                    throw SettingsError(
                        "the backup directory \(backup) holds other files than a cache: nothing is removed")
                }
                try CachedFiles.remove(from: backup)
            }
            try CachedFiles.remove(from: cache)
        }
        if let tokens = try path("keystone", "cache_dir") { try KeystoneTokenFile.removeAll(in: tokens) }
        for file in [statusFile, try path(nil, "metrics_textfile")] { try file.map(Self.remove) }
        if logs {
            for file in Self.logFiles + [try CollectorLog.path(settings)].compactMap({ $0 }) {
                try Self.remove(FilePath(file))
            }
            FileTree.remove(Self.records)
        }
        if machineId { try Self.emptyMachineID() }
        return ExitStatus.success
    }

    private static func remove(_ file: FilePath) throws { try FileContents.remove(file) }

    /// Empty, not gone: so it can be mounted over in an image that is read-only (machine-id(5)).
    private static func emptyMachineID() throws {
        guard FileContents.status(machineID) != nil else { return }
        let staged = StagedWrite(in: try RootedDirectory("/etc"))
        try staged.stage("machine-id", [])
        try staged.commit()
        if FileContents.resolved(busMachineID) != machineID { try FileContents.remove(busMachineID) }
    }
}
