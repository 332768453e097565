// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HostSystem
import SystemPackage

/// The settings of os-apply-config: an INI file whose section `DEFAULT` may have `secret` any number of times.
struct SettingsFile {
    private static let standard = "/etc/os-apply-config.conf"

    let secrets: [String]

    /// - Parameter path: nil for the standard one, which need not exist.
    /// - Throws: `ConfigError` when it cannot be read or says something else.
    init(_ path: String?) throws {
        let file = path ?? Self.standard
        guard try path != nil || FileContents.existing(FilePath(file)) != nil else {
            secrets = []
            return
        }
        let text = String(decoding: try FileContents.read(FilePath(file)), as: UTF8.self)
        secrets = try INIFile(text, name: file).entries.map { entry in
            guard entry.section == "DEFAULT", entry.key == "secret", !entry.value.isEmpty else {
                throw ConfigError("\(file):\(entry.line): [\(entry.section)] \(entry.key) is no setting")
            }
            return entry.value
        }
    }
}
