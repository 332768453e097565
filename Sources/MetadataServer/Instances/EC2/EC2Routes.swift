// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import MetadataTree
import NIOCore

/// The Instance Metadata Service of EC2, both of its versions, for nodes that are told apart by their addresses.
///
///     PUT /latest/api/token
///     GET /                                          the versions of the interface
///     GET /{version}/                                what there is
///     GET /{version}/meta-data/…                     a text, or the listing of a directory
///     GET /{version}/user-data
///     GET /{version}/dynamic/…
struct EC2Routes {
    private static let versions = [
        "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01",
        "2008-09-01",
        "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20",
        "2016-04-19", "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01",
        "2020-10-27", "2021-01-03", "2021-03-23", "2021-07-15", "2022-09-24", "latest",
    ]

    let requests: InstanceRequests
    /// Whether nothing is told to whoever has no token.
    let requiresToken: Bool
    let tokens = SessionTokens()

    func register(on router: Router<ServerContext>) {
        router.put("latest/api/token") { request, context in try token(request, context) }
        for version in Self.versions {
            let top = RouterPath(version)
            router.get("\(top)") { try await answer($0, $1) { _ in "dynamic\nmeta-data\nuser-data" } }
            router.get("\(top)/meta-data") { try await answer($0, $1) { InstanceTree(of: $0).text(at: []) } }
            router.get("\(top)/meta-data/**") { request, context in
                let path = context.parameters.getCatchAll()
                return try await answer(request, context) { InstanceTree(of: $0).text(at: path) }
            }
            router.get("\(top)/dynamic") { try await answer($0, $1) { _ in "instance-identity/" } }
            router.get("\(top)/dynamic/instance-identity") { try await answer($0, $1) { _ in "document" } }
            router.get("\(top)/user-data") { try await answer($0, $1) { $0.instance.userData } }
            router.get("\(top)/dynamic/instance-identity/document") {
                try await answer($0, $1, type: "application/json") { Self.identity(of: $0) }
            }
        }
    }

    /// The versions of the interface; the same for everybody.
    func versions() -> Response { PlainResponse.text(.ok, Self.versions.joined(separator: "\n")) }

    // MARK: Answers

    private func answer(
        _ request: Request, _ context: ServerContext, type: String = "text/plain; charset=utf-8",
        _ content: (NodeRecord) -> String?
    ) async throws -> Response {
        guard let address = requests.clients.address(of: request.head, from: context.client) else {
            return PlainResponse.text(.notFound, "")
        }
        if let token = request.headers[.sessionToken] {
            guard try tokens.isGood(token, for: address) else {
                return PlainResponse.text(.unauthorized, "")
            }
        } else if requiresToken {
            return PlainResponse.text(.unauthorized, "")
        }
        return try await requests.answer(request, context, type: type, content)
    }

    private func token(_ request: Request, _ context: ServerContext) throws -> Response {
        guard let address = requests.clients.address(of: request.head, from: context.client),
            let seconds = request.headers[.sessionTokenLife].flatMap({ Int($0) }),
            SessionTokens.lives.contains(seconds)
        else { return PlainResponse.text(.badRequest, "") }
        var response = PlainResponse.text(.ok, try tokens.token(for: address, seconds: seconds))
        response.headers[.sessionTokenLife] = "\(seconds)"
        return response
    }

    private static func identity(of node: NodeRecord) -> String {
        let address = node.instance.addresses.first { !$0.contains(":") }
        let document = JSONShape.object([
            ("instanceId", MetadataValue(string: node.instance.id)),
            ("version", MetadataValue(string: "2017-09-30")),
            ("privateIp", address.map { MetadataValue(string: $0) }),
        ])
        return String(decoding: JSONWriter.bytes(of: document, layout: .indented), as: UTF8.self)
    }
}

extension HTTPField.Name {
    fileprivate static let sessionToken = HTTPField.Name("X-aws-ec2-metadata-token")!
    fileprivate static let sessionTokenLife = HTTPField.Name("X-aws-ec2-metadata-token-ttl-seconds")!
}
