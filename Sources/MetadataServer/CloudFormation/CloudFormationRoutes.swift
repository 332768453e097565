// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MetadataStore
import MetadataTree
import NIOCore
import RequestSigning

/// The CloudFormation query API as heat-api-cfn answers it: `DescribeStackResource`, with its signature (version 2)
/// verified.
struct CloudFormationRoutes {
    let store: any MetadataStore

    func register(on router: Router<ServerContext>) {
        router.get("v1") { request, _ in try await answer(request) }
    }

    func answer(_ request: Request) async throws -> Response {
        do {
            let query = QueryString(request.uri.query ?? "")
            let action = query["Action"]
            guard action == "DescribeStackResource" else {
                throw CloudFormationError.invalidAction(action ?? "")
            }
            let node = try await authenticated(request, query)
            return Self.xml(.ok, try StackResourceDetail(node, query).document)
        } catch let error as CloudFormationError {
            return Self.xml(error.status, error.document)
        }
    }

    /// The node whose key signed the request.
    private func authenticated(_ request: Request, _ query: QueryString) async throws -> NodeRecord {
        guard let accessKey = query["AWSAccessKeyId"], let signature = query["Signature"] else {
            throw CloudFormationError.missingAuthenticationToken
        }
        guard query["SignatureVersion"] == "2", query["SignatureMethod"] == "HmacSHA256" else {
            throw CloudFormationError.invalidParameter("SignatureVersion 2 with HmacSHA256 is required")
        }
        guard let node = try await store.node(with: .accessKey(accessKey)),
            let keys = node.credentials.cloudFormation
        else {
            throw CloudFormationError.invalidClientToken
        }
        let signed = SignatureV2(
            method: request.method.rawValue, host: request.head.authority ?? "", path: request.uri.path,
            parameters: query.items.filter { $0.name != "Signature" })
        let expected = try signed.signature(secret: keys.secretKey)
        guard MessageDigest.areEqual(Array(expected.utf8), Array(signature.utf8)) else {
            throw CloudFormationError.signatureDoesNotMatch
        }
        return node
    }

    private static func xml(_ status: HTTPResponse.Status, _ document: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/xml; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: document)))
    }
}

/// The parameters of a query, decoded, in their order.
struct QueryString {
    let items: [(name: String, value: String)]

    init(_ text: String) {
        items = text.split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.decoded(parts[0]), parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                if digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte)
                }
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
