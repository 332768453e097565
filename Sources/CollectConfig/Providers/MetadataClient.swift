// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import MetadataTree

/// How the sources speak HTTP: within the same limits, with the headers of Python's HTTP client, and with one way to say what
/// went wrong.
struct MetadataClient: Sendable {
    let transport: any HTTPTransport
    /// For the connection, and for each request.
    let timeout: Duration
    /// How many bytes an answer may have.
    let answerLimit: Int
    var trust: HTTPRequest.Trust

    /// How many values a document of a server may have: some tens of megabytes of memory.
    static let valueLimit = 500_000

    func request(
        _ method: String = "GET", _ url: String, headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil, redirectLimit: Int = 10
    ) -> HTTPRequest {
        let isMissing = { (name: String) in !headers.contains { $0.name == name } }
        let standard = [("Accept", "*/*"), ("Connection", "keep-alive")].filter { isMissing($0.0) }
        return HTTPRequest(
            method: method, url: url, headers: headers + standard, body: body, connectTimeout: timeout,
            timeout: timeout, answerLimit: answerLimit, redirectLimit: redirectLimit, trust: trust)
    }

    /// The answer, whatever its status.
    ///
    /// - Throws: `ProviderError.unavailable`, `CancellationError`.
    func send(_ request: HTTPRequest, retries policy: RetryPolicy? = nil) async throws -> HTTPResponse {
        do {
            guard let policy else { return try await transport.send(request) }
            return try await policy.send(request, over: transport) { try await Task.sleep(for: $0) }
        } catch let error as HTTPError {
            throw ProviderError.unavailable("\(request.publicURL): \(error)")
        }
    }

    /// Why `response` is of no use.
    static func refusal(_ request: HTTPRequest, _ response: HTTPResponse) -> ProviderError {
        .unavailable("\(request.publicURL) answered \(response.status)")
    }

    /// The JSON document in an answer.
    ///
    /// - Throws: `ProviderError.unavailable`.
    static func document(_ request: HTTPRequest, _ response: HTTPResponse) throws -> MetadataValue {
        do {
            return try JSONParser.parse(
                ResponseText.utf8(of: response), name: request.publicURL, valueLimit: valueLimit)
        } catch {
            throw ProviderError.unavailable("Failed to parse as json. (\(error))")
        }
    }
}

/// The text of an answer.
enum ResponseText {
    /// As UTF-8, unless the answer says that it is Latin-1.
    static func utf8(of response: HTTPResponse) -> [UInt8] {
        let type = response[header: "Content-Type"]?.lowercased() ?? ""
        guard type.contains("charset=iso-8859-1") || type.contains("charset=latin-1") else {
            return response.body
        }
        return latin1(response.body)
    }

    /// As UTF-8; bytes that are not are Latin-1's.
    static func text(of response: HTTPResponse) -> ByteString {
        let bytes = utf8(of: response)
        return ByteString(String(validating: bytes, as: UTF8.self) == nil ? latin1(bytes) : bytes)
    }

    private static func latin1(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for byte in bytes { UTF8Character.append(UInt32(byte), to: &text) }
        return text
    }
}
