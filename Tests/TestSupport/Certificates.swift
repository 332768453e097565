// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An authority's certificate and those that it has signed, made for the test.
package final class Certificates: Sendable {
    private let files: TemporaryDirectory

    package init() throws {
        files = try TemporaryDirectory()
        let made = try ChildProcess([
            "/bin/sh", "\(Programs.root)/Tests/TestSupport/certificates.sh", files.path,
        ]).run()
        guard made.status == 0 else { throw ChildProcess.Failure(reason: made.errorText) }
    }

    /// Where they are.
    package var directory: String { files.path }

    /// The authority's own.
    package var authority: String { certificate("ca") }

    /// - Parameter name: `server`, `expired`, `elsewhere` (for another host), `client`, `stranger` (by another authority).
    package func certificate(_ name: String) -> String { files.file("\(name).pem") }

    /// The private key of a certificate.
    package func key(_ name: String) -> String { files.file("\(name).key") }
}
