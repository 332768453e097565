// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import MetadataTree

/// Answers `--key` and `--boolean-key`.
struct KeyQuery {
    let files: MetadataFiles
    /// Whether types are held against the stricter patterns.
    let isStrict: Bool

    /// What `--key` prints: strings and numbers bare, everything else as JSON.
    ///
    /// - Throws: `ConfigError` when the key is missing and there is no `fallback`, or its value is not of `type`.
    func line(_ key: String, type typeName: String, fallback: String?) throws -> [UInt8] {
        let metadata = try files.merged()
        guard !key.isEmpty, let value = metadata.value(at: MetadataPath(key)) else {
            guard let fallback else {
                throw ConfigError("key \(key) does not exist in \(files.listed.pythonList)")
            }
            return Array(fallback.utf8) + [0x0A]
        }
        guard let type = ValueType(rawValue: typeName) else {
            let known = ValueType.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigError("requested validation of unknown type: \(typeName) (known: \(known))")
        }
        try type.check(value, of: key, isStrict: isStrict)
        if let string = value.string, string.hasLoneSurrogate {
            throw ConfigError("the value of \(key) holds a lone surrogate, which UTF-8 cannot write")
        }
        return PythonText.bytes(of: value) + [0x0A]
    }

    /// The exit status for `--boolean-key`: 0 true, 1 false, 255 anything else.
    func status(_ key: String) throws -> Int32 {
        let value = key.isEmpty ? nil : try files.merged().value(at: MetadataPath(key))
        guard case .boolean(let isTrue) = value?.kind else { return ExitStatus.notBoolean }
        return isTrue ? ExitStatus.success : ExitStatus.failure
    }
}
