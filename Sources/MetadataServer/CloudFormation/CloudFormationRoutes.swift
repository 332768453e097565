// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import MetadataStore
import MetadataTree
import NIOCore

/// The CloudFormation query API as heat-api-cfn answers it, and the signed URLs of its signals.
///
///     GET | POST /v1/?Action=DescribeStackResource | SignalResource
///     POST /v1/signal/{arn}
///     PUT  /v1/waitcondition/{arn}
struct CloudFormationRoutes {
    let store: any MetadataStore
    let intake: SignalIntake
    let deliveries: DeliveryRecorder
    let bases: BaseURLs

    /// `GET /` is EC2's too, and is given to us when a query is there.
    func register(on router: Router<ServerContext>) {
        router.get("v1") { request, _ in try await answer(request) }
        router.post("v1") { request, _ in try await answer(request) }
        router.post("/") { request, _ in try await answer(request) }
        router.post("v1/signal/**") { request, _ in
            try await signal(request) { node, subject, body in
                try await intake.deployment(node, id: subject, body: body)
            }
        }
        router.put("v1/waitcondition/**") { request, _ in
            try await signal(request) { node, subject, body in
                try await intake.waitCondition(node, name: subject, body: body)
            }
        }
    }

    func answer(_ request: Request) async throws -> Response {
        let body =
            request.method == .post ? try await RequestBody.bytes(of: request, limit: 1 << 16) : []
        var query = QueryString(request.uri.query ?? "")
        if request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true {
            query.append(QueryString(String(decoding: body, as: UTF8.self)))
        }
        do {
            switch query["Action"] {
            case "DescribeStackResource":
                let node = try await authenticated(request, query, body)
                let delivery = NodeDelivery(node: node, base: bases.base(of: request.head))
                let detail = try StackResourceDetail(node, query, metadata: delivery.document())
                if request.method != .head { deliveries.note(node.name, revision: node.revision) }
                return Self.xml(.ok, detail.document)
            case "SignalResource":
                let node = try await authenticated(request, query, body)
                return try await signalled(node, query)
            case let action: throw CloudFormationError.invalidAction(action ?? "")
            }
        } catch let error as CloudFormationError {
            return Self.xml(error.status, error.document)
        }
    }

    private func authenticated(
        _ request: Request, _ query: QueryString, _ body: [UInt8]
    ) async throws -> NodeRecord {
        try await CloudFormationSignature(
            method: request.method.rawValue, host: request.head.authority ?? "", path: request.uri.path,
            query: query, headers: request.headers, body: body,
            rawQuery: request.uri.query ?? ""
        ).node(in: store)
    }

    /// Source of the format: AWS CloudFormation API, "SignalResource".
    private func signalled(_ node: NodeRecord, _ query: QueryString) async throws -> Response {
        guard let stack = node.credentials.cloudFormation?.stack, query["StackName"] == stack else {
            throw CloudFormationError.notFound("The Stack (\(query["StackName"] ?? "")) could not be found.")
        }
        guard let subject = query["LogicalResourceId"], let id = query["UniqueId"],
            let status = query["Status"]
        else {
            throw CloudFormationError.invalidParameter(
                "LogicalResourceId, UniqueId and Status are required")
        }
        let body = JSONShape.object([
            ("Status", MetadataValue(string: status)), ("UniqueId", MetadataValue(string: id)),
        ])
        do {
            try await intake.waitCondition(node, name: subject, body: JSONWriter.bytes(of: body))
        } catch let error as SignalError {
            throw CloudFormationError.invalidParameter(error.description)
        }
        return Self.xml(
            .ok, "<SignalResourceResponse><SignalResourceResult/></SignalResourceResponse>")
    }

    /// A signal to a URL that was signed when it was given to the node.
    private func signal(
        _ request: Request, _ take: (NodeRecord, String, [UInt8]) async throws -> Void
    ) async throws -> Response {
        let path = QueryString.decoded(Substring(request.uri.path), plusIsSpace: false)
        do {
            let node = try await CloudFormationSignature(
                method: request.method.rawValue, host: (request.head.authority ?? "").lowercased(),
                path: path, query: QueryString(request.uri.query ?? ""), headers: [:], body: [],
                rawQuery: ""
            ).versionTwo(in: store)
            let marker = "/resources/"
            guard let place = path.range(of: marker), place.upperBound < path.endIndex else {
                throw CloudFormationError.notFound("The URL names no resource.")
            }
            let subject = String(path[place.upperBound...])
            return try await SignalAnswer.of(.ok, request, json: "null") { body in
                try await take(node, subject, body)
            }
        } catch let error as CloudFormationError {
            return Self.xml(error.status, error.document)
        }
    }

    private static func xml(_ status: HTTPResponse.Status, _ document: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/xml; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: document)))
    }
}

extension String {
    /// Where `text` is first; nil: nowhere.
    fileprivate func range(of text: String) -> Range<Index>? {
        let pattern = Array(text.utf8)
        var start = startIndex
        while start < endIndex {
            if utf8[start...].starts(with: pattern) {
                return start..<utf8.index(start, offsetBy: pattern.count)
            }
            start = utf8.index(after: start)
        }
        return nil
    }
}
