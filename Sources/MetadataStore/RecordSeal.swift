// SPDX-License-Identifier: Apache-2.0

/// Closes and opens what is written to a disk that others may read.
package protocol RecordSeal: Sendable {
    /// - Parameter name: what the bytes are; they open under the same name only.
    func seal(_ bytes: [UInt8], as name: String) throws -> [UInt8]
    func open(_ bytes: [UInt8], as name: String) throws -> [UInt8]
}
