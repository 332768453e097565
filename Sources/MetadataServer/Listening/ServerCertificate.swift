// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL
import Synchronization

/// The certificate that the server shows, which may be replaced while it runs: connections that come later see the new one.
final class ServerCertificate: Sendable {
    private struct Pair: Sendable {
        let chain: [NIOSSLCertificateSource]
        let key: NIOSSLPrivateKeySource
    }

    private let certificatePath: String
    private let keyPath: String
    private let pair: Mutex<Pair>

    /// - Parameters:
    ///   - certificate: of a file in PEM: the server's, and those between it and the authority's.
    ///   - key: of a file in PEM.
    /// - Throws: `ServerError` that names the file.
    init(certificate: String, key: String) throws {
        certificatePath = certificate
        keyPath = key
        pair = Mutex(try Self.read(certificate, key))
    }

    /// Reads both files again; what cannot be used changes nothing.
    ///
    /// - Throws: as `init`.
    func reload() throws {
        let new = try Self.read(certificatePath, keyPath)
        pair.withLock { $0 = new }
    }

    /// TLS 1.2 or 1.3, HTTP/1.1.
    var configuration: TLSConfiguration {
        let pair = pair.withLock { $0 }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: pair.chain, privateKey: pair.key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.sslContextCallback = { _, promise in
            let pair = self.pair.withLock { $0 }
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = pair.chain
            override.privateKey = pair.key
            promise.succeed(override)
        }
        return configuration
    }

    private static func read(_ certificate: String, _ key: String) throws -> Pair {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch {
            throw ServerError("cannot read the certificate \(certificate): \(error)")
        }
        let privateKey: NIOSSLPrivateKey
        do { privateKey = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
            throw ServerError("cannot read the key \(key): \(error)")
        }
        let pair = Pair(chain: chain.map { .certificate($0) }, key: .privateKey(privateKey))
        do {
            // Whether the one is the other's.
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: pair.chain, privateKey: pair.key))
        } catch {
            throw ServerError("the key \(key) is not that of the certificate \(certificate)")
        }
        return pair
    }
}
