// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import MetadataTree
import RequestSigning

/// Asks a server's interface for administrators.
struct AdminClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        let value: MetadataValue
        let tag: String?
    }

    let base: String
    let token: String
    let trust: HTTPRequest.Trust
    let transport: any HTTPTransport

    func get(_ path: String, wait: Int? = nil) async throws -> Answer {
        try await send("GET", path, wait: wait)
    }

    /// - Parameters:
    ///   - path: below `/admin/v1/`.
    ///   - match: the tag that the node has to have.
    ///   - isNew: whether the node may not be there.
    ///   - wait: how long the answer may wait for a change, in seconds.
    /// - Throws: `ControlError` with what the server says.
    func send(
        _ method: String, _ path: String, _ body: MetadataValue? = nil, match: String? = nil,
        isNew: Bool = false, wait: Int? = nil
    ) async throws -> Answer {
        var request = HTTPRequest(method: method, url: "\(base)/admin/v1/\(path)", trust: trust)
        request.headers = [("Authorization", "Bearer \(token)")]
        if let body {
            request.headers.append(("Content-Type", "application/json"))
            request.body = JSONWriter.bytes(of: body)
        }
        if let match { request.headers.append(("If-Match", match)) }
        if isNew { request.headers.append(("If-None-Match", "*")) }
        if let wait { request.headers.append(("Prefer", "wait=\(wait)")) }
        request.timeout = .seconds(30 + (wait ?? 0))
        request.answerLimit = 1 << 30
        let response: HTTPResponse
        do { response = try await transport.send(request) } catch {
            throw ControlError("\(base): \(error)")
        }
        let value =
            response.body.isEmpty
            ? MetadataValue.null : (try? JSONParser.parse(response.body, name: "the answer")) ?? .null
        guard (200..<300).contains(response.status) else {
            let reason = value.object?["error"]?.string?.text
            throw ControlError(
                "\(base): \(reason ?? "status \(response.status)")", status: response.status)
        }
        return Answer(status: response.status, value: value, tag: response[header: "ETag"])
    }

    /// `nodes/NAME` or what is below it.
    static func path(_ node: String, _ rest: String = "") -> String {
        "nodes/\(quoted(node))\(rest)"
    }

    /// As a part of a path or of a query.
    static func quoted(_ text: String) -> String { SignatureV2.quoted(text) }

    /// All nodes as the list has them, page by page.
    func nodes() async throws -> [MetadataValue] {
        var all: [MetadataValue] = []
        var after: String? = ""
        while let last = after {
            let page = try await get("nodes?limit=1000&after=\(Self.quoted(last))").value.object
            all += page?["nodes"]?.array ?? []
            after = page?["next"]?.string?.text
        }
        return all
    }
}

extension MetadataValue {
    /// A member's text; other scalars as JSON, nothing as nothing.
    func text(_ key: ByteString) -> String {
        guard let value = object?[key], !value.isNull else { return "" }
        return value.string?.text ?? JSONWriter.text(of: value)
    }
}
