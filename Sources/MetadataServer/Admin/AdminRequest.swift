// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import MetadataTree
import YAMLReading

/// A request of somebody who may administer.
struct AdminRequest: Sendable {
    let request: Request
    let context: ServerContext
    let author: String

    var query: QueryString { QueryString(request.uri.query ?? "") }

    /// The name in the path.
    var node: String { (try? parameter("node")) ?? "" }

    func parameter(_ name: String) throws -> String {
        QueryString.decoded(Substring(try context.parameters.require(name)), plusIsSpace: false)
    }

    /// - Throws: `AdminError` 400.
    func number(_ name: String) throws -> Int? {
        try query[name].map { text in
            guard let number = Int(text) else {
                throw AdminError(status: 400, message: "\(name) is an integer, not '\(text)'")
            }
            return number
        }
    }

    /// The document that was sent: JSON, or YAML where the request says so.
    ///
    /// - Parameter absence: what no body at all stands for; nil: it is an error.
    /// - Throws: `AdminError` 400; `HTTPError` 413.
    func body(or absence: MetadataValue? = nil) async throws -> MetadataValue {
        let bytes = try await RequestBody.bytes(of: request, limit: AdminRoutes.sizeLimit)
        if bytes.isEmpty, let absence { return absence }
        let source = MetadataSource(name: "the request", bytes: bytes)
        do {
            return request.headers[.contentType]?.contains("yaml") == true
                ? try YAMLReader.read(source) : try JSONParser.parse(source, valueLimit: 1_000_000)
        } catch {
            throw AdminError(status: 400, message: "\(error)")
        }
    }

    /// What the request says has to be there.
    ///
    /// - Throws: `AdminError` 400.
    var precondition: StoreWrite.Precondition {
        get throws {
            if let tag = request.headers[.ifNoneMatch] {
                guard tag == "*" else { throw AdminError(status: 400, message: "If-None-Match takes * here") }
                return .nothing
            }
            guard let tag = request.headers[.ifMatch], tag != "*" else { return .anything }
            guard let revision = Int(tag.filter { $0 != "\"" }) else {
                throw AdminError(status: 400, message: "If-Match takes an ETag of this interface")
            }
            return .revision(revision)
        }
    }
}
