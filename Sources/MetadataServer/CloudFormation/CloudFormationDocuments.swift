// SPDX-License-Identifier: Apache-2.0

import AgentRuntime
import HTTPTypes
import MetadataStore
import MetadataTree

/// The answer to `DescribeStackResource`: element names and order as heat-api-cfn writes them.
struct StackResourceDetail {
    let document: String

    /// - Throws: `CloudFormationError` when the node is not what the query asks for.
    init(_ node: NodeRecord, _ query: QueryString, metadata: MetadataValue) throws {
        guard let resource = node.credentials.cloudFormation else {
            throw CloudFormationError.invalidClientToken
        }
        guard query["StackName"] == resource.stack else {
            throw CloudFormationError.notFound("The Stack (\(query["StackName"] ?? "")) could not be found.")
        }
        guard query["LogicalResourceId"] == resource.resource else {
            throw CloudFormationError.notFound(
                "The Resource (\(query["LogicalResourceId"] ?? "")) could not be found in Stack \(resource.stack)."
            )
        }
        let elements = [
            ("Description", ""),
            ("LastUpdatedTimestamp", HTTPDate.timestamp(node.modified)),
            ("LogicalResourceId", resource.resource),
            ("Metadata", JSONWriter.text(of: metadata)),
            ("PhysicalResourceId", node.name),
            ("ResourceStatus", "CREATE_COMPLETE"),
            ("ResourceStatusReason", "state changed"),
            ("ResourceType", "OS::Nova::Server"),
            ("StackId", resource.stack),
            ("StackName", resource.stack),
        ]
        let detail = elements.map { "<\($0.0)>\(Printable.xml($0.1))</\($0.0)>" }.joined()
        document =
            "<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail>\(detail)"
            + "</StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>"
    }
}

/// What the API refuses, with the codes of heat-api-cfn (`heat/api/aws/exception.py`).
enum CloudFormationError: Error {
    case invalidAction(String)
    case missingAuthenticationToken
    case invalidClientToken
    case signatureDoesNotMatch
    case expired(String)
    case invalidParameter(String)
    case notFound(String)

    var status: HTTPResponse.Status {
        switch self {
        case .invalidAction, .invalidParameter, .notFound: .badRequest
        case .missingAuthenticationToken, .invalidClientToken, .signatureDoesNotMatch, .expired:
            .forbidden
        }
    }

    private var code: String {
        switch self {
        case .invalidAction: "InvalidAction"
        case .missingAuthenticationToken: "MissingAuthenticationToken"
        case .invalidClientToken: "InvalidClientTokenId"
        case .signatureDoesNotMatch: "SignatureDoesNotMatch"
        case .expired: "RequestExpired"
        case .invalidParameter, .notFound: "InvalidParameterValue"
        }
    }

    private var message: String {
        switch self {
        case .invalidAction(let action): "The action \(action) is not valid for this web service"
        case .missingAuthenticationToken: "Does not contain a valid AWS Access Key or certificate"
        case .invalidClientToken: "The certificate or AWS Key ID provided does not exist"
        case .signatureDoesNotMatch: "The Signature of the request does not match"
        case .expired(let stamp): "The time of the request, \(stamp), is not that of the server"
        case .invalidParameter(let reason), .notFound(let reason): reason
        }
    }

    var document: String {
        "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code>"
            + "<Message>\(Printable.xml(message))</Message></Error></ErrorResponse>"
    }
}
