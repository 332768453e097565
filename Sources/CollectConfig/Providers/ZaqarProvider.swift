// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Logging
import MetadataTree
import RequestSigning
import Synchronization

/// Messages of a queue of OpenStack's messaging service, each a whole document that takes the place of the one before.
///
/// A message is deleted when the command has succeeded with it, not when it is read.
///
/// Source of the protocol: OpenStack Messaging API v2, "List Messages" and "Delete A Specified Message".
final class ZaqarProvider: MetadataProvider {
    struct Queue: Sendable {
        let name: String
        /// Nil: the first of the catalogue.
        let region: String?
    }

    let name = "zaqar"
    private let session: KeystoneSession?
    private let queue: Queue?
    private let missing: String?
    private let client: MetadataClient
    private let merger: DeploymentMerger
    private let logger: Logger
    /// What the service knows us by.
    private let clientID: String
    /// The message that was read last, until it is deleted.
    private let message = Mutex<String?>(nil)

    var deploymentKeys: [String] { merger.keys }

    /// - Parameter session: nil when something is not configured.
    /// - Parameter missing: the first option that is missing.
    init(
        session: KeystoneSession?, queue: Queue?, missing: String?, client: MetadataClient,
        merger: DeploymentMerger, logger: Logger
    ) {
        self.session = session
        self.queue = queue
        self.missing = missing
        self.client = client
        self.merger = merger
        self.logger = logger
        clientID = Self.newClientID()
    }

    /// 32 hexadecimal digits.
    private static func newClientID() -> String {
        (0..<2).map { _ in
            let half = String(UInt64.random(in: 0...UInt64.max), radix: 16)
            return String(repeating: "0", count: 16 - half.count) + half
        }.joined()
    }

    func collect() async throws -> [Output] {
        guard let session, let queue, missing == nil else {
            throw ProviderError.notConfigured("No \(missing ?? "auth_url") configured.")
        }
        guard queue.name.utf8.allSatisfy(Self.isNameByte), !queue.name.isEmpty else {
            throw ProviderError.unavailable(
                "the queue's name has other characters than letters, digits, _ and -")
        }
        let (request, response) = try await session.answer { token in
            try self.request("GET", "?limit=1&echo=true", queue, token)
        }
        if response.status == 204 { throw ProviderError.nothingNew }
        guard response.status == 200 else { throw MetadataClient.refusal(request, response) }
        let answer = try MetadataClient.document(request, response)
        guard let messages = answer.object?["messages"]?.array else {
            throw ProviderError.unavailable("\(request.publicURL) gave no list of messages")
        }
        guard let first = messages.first?.object else { throw ProviderError.nothingNew }
        guard let body = first["body"], body.object != nil, let id = Self.id(of: first) else {
            throw ProviderError.unavailable("\(request.publicURL) gave a message that is not an object")
        }
        message.withLock { $0 = id }
        return merger.outputs(of: body, source: name)
    }

    func wasCommitted() async {
        guard let session, let queue, let id = message.withLock({ $0 }) else { return }
        do {
            let (request, response) = try await session.answer { token in
                try self.request("DELETE", "/\(SignatureV2.quoted(id))", queue, token)
            }
            // One that has expired is gone as well.
            guard response.status < 300 || response.status == 404 else {
                throw MetadataClient.refusal(request, response)
            }
            message.withLock { $0 = nil }
        } catch ProviderError.unavailable(let reason) {
            logger.warning("The message that was read is still in the queue, ignoring: \(reason)")
        } catch {}
    }

    private func request(_ method: String, _ rest: String, _ queue: Queue, _ token: KeystoneToken) throws
        -> HTTPRequest
    {
        let endpoint = try token.endpoint(of: "messaging", region: queue.region)
        return client.request(
            method, "\(endpoint)/v2/queues/\(queue.name)/messages\(rest)",
            headers: [
                ("X-Auth-Token", token.id), ("X-Project-Id", session?.projectID ?? ""),
                ("Client-ID", clientID), ("Content-Type", "application/json"),
            ], redirectLimit: 0)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        return letters.contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }

    /// The last part of where a message is.
    private static func id(of message: MetadataObject) -> String? {
        if let id = message["id"]?.string?.text { return id }
        let path = message["href"]?.string?.text.prefix { $0 != "?" }
        return path?.split(separator: "/").last.map(String.init)
    }
}
