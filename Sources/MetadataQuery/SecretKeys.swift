// SPDX-License-Identifier: Apache-2.0

import HostSystem
package import MetadataTree

/// Which keys of the metadata hold secrets: by patterns of their names.
///
/// A pattern is held against each part of a key's path, without regard to case; one with a dot against the whole
/// path. What lies below a secret key is secret too. Null, true, false and the empty string never are.
package final class SecretKeys {
    /// The patterns that always count; `os-apply-config(8)` lists them.
    package static let standardPatterns = [
        "*password*", "*passwd*", "*passphrase*", "*secret*", "*token*", "*credential*", "*cookie*",
        "*private*key*", "*api*key*", "*access*key*", "*encryption*key*", "*signing*key*", "*shared*key*",
        "*_key", "*-key", "*dsn*", "*connection", "*connection*string*", "*connection*url*", "*temp*url*",
        "*transport*url*", "*signed*url*", "*priv*key*", "authkey", "*psk*",
        "*tls*.key", "*ssl*.key", "*cert*.key", "pwd", "*_pwd", "*-pwd", "pass", "*_pass", "*-pass",
    ]

    private let partPatterns: [GlobPattern]
    private let pathPatterns: [GlobPattern]
    private var known: [ByteString: Bool] = [:]

    package init(adding patterns: [String]) {
        let all = (Self.standardPatterns + patterns).map { GlobPattern($0, ignoresCase: true) }
        partPatterns = all.filter { !$0.text.contains(".") }
        pathPatterns = all.filter { $0.text.contains(".") }
    }

    /// Whether what is at `path` is secret by its name, or by that of something above it.
    package func isSecret(_ path: [ByteString]) -> Bool {
        if path.contains(where: isSecretPart) { return true }
        guard !pathPatterns.isEmpty else { return false }
        return path.indices.contains { end in
            let text = path[...end].map(\.text).joined(separator: ".")
            return pathPatterns.contains { $0.matches(text) }
        }
    }

    /// Whether a word of `line` is the name of a secret.
    package func isNamed(in line: ArraySlice<UInt8>) -> Bool {
        line.split { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): false
            default: true
            }
        }.contains { $0.count >= 3 && $0.count <= 64 && isSecretPart(ByteString(Array($0))) }
    }

    private func isSecretPart(_ part: ByteString) -> Bool {
        if let known = known[part] { return known }
        let text = part.text
        let isSecret = partPatterns.contains { $0.matches(text) }
        known[part] = isSecret
        return isSecret
    }

    /// Whether showing `value`, which is at `path`, would show a secret.
    package func holdsSecret(_ value: MetadataValue, at path: [ByteString]) -> Bool {
        !secrets(in: value, at: path).isEmpty
    }

    /// A scalar that is secret.
    package struct Secret {
        package let path: [ByteString]
        package let value: MetadataValue
    }

    /// The secrets in `value`, which is at `path`.
    package func secrets(in value: MetadataValue, at path: [ByteString] = []) -> [Secret] {
        var found: [Secret] = []
        collect(value, path, isSecret: isSecret(path), into: &found)
        return found
    }

    private func collect(
        _ value: MetadataValue, _ path: [ByteString], isSecret: Bool, into found: inout [Secret]
    ) {
        switch value.kind {
        case .null, .boolean: break
        case .object(let object):
            for member in object.members {
                let path = path + [member.key]
                let isSecret =
                    isSecret || isSecretPart(member.key) || (!pathPatterns.isEmpty && self.isSecret(path))
                collect(member.value, path, isSecret: isSecret, into: &found)
            }
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                collect(element, path + [ByteString(String(index))], isSecret: isSecret, into: &found)
            }
        case .string(let text) where text.isEmpty: break
        case .string, .integer, .bigInteger, .float:
            if isSecret { found.append(Secret(path: path, value: value)) }
        }
    }
}
