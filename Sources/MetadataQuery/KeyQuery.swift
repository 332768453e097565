// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import MetadataTree

/// Answers for one key of the merged metadata.
package struct KeyQuery {
    package let files: MetadataFiles
    /// Whether types are held against the stricter patterns.
    package let isStrict: Bool

    package init(files: MetadataFiles, isStrict: Bool = false) {
        self.files = files
        self.isStrict = isStrict
    }

    /// What `--key` prints: strings and numbers bare, everything else as JSON.
    ///
    /// - Throws: `MetadataQueryError` when the key is missing and there is no `fallback`, or its value is not of `type`.
    package func line(_ key: String, type typeName: String, fallback: String?) throws -> [UInt8] {
        let metadata = try files.merged()
        guard !key.isEmpty, let value = metadata.value(at: MetadataPath(key)) else {
            guard let fallback else {
                throw MetadataQueryError("key \(key) does not exist in \(files.listed.pythonList)")
            }
            return Array(fallback.utf8) + [0x0A]
        }
        guard let type = ValueType(rawValue: typeName) else {
            let known = ValueType.allCases.map(\.rawValue).joined(separator: ", ")
            throw MetadataQueryError("requested validation of unknown type: \(typeName) (known: \(known))")
        }
        try type.check(value, of: key, isStrict: isStrict)
        if let string = value.string, string.hasLoneSurrogate {
            throw MetadataQueryError("the value of \(key) holds a lone surrogate, which UTF-8 cannot write")
        }
        return PythonText.bytes(of: value) + [0x0A]
    }

    /// The exit status for `--boolean-key`: 0 true, 1 false, 255 anything else.
    package func status(_ key: String) throws -> Int32 {
        let value = key.isEmpty ? nil : try files.merged().value(at: MetadataPath(key))
        guard case .boolean(let isTrue) = value?.kind else { return ExitStatus.notBoolean }
        return isTrue ? ExitStatus.success : ExitStatus.failure
    }
}
