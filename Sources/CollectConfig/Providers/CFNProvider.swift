// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import HostSystem
import Logging
import MetadataTree
import RequestSigning
import SystemPackage

/// The metadata of resources of a stack, asked of a CloudFormation API with signed requests.
///
/// Source of the protocol: AWS CloudFormation API Reference, `DescribeStackResource`, as heat-api-cfn answers it.
struct CFNProvider: MetadataProvider {
    struct Configuration: Sendable {
        var url: String?
        /// A file that holds the URL's beginning when it is not configured.
        var hint: String?
        var accessKey: String?
        var secretKey: String?
        var stack: String?
        /// `RESOURCE.FIELD`, and keys below the field's document.
        var paths: [String]
    }

    let name = "cfn"
    let configuration: Configuration
    let client: MetadataClient
    let merger: DeploymentMerger
    let logger: Logger

    var deploymentKeys: [String] { merger.keys }

    private struct Query {
        let url: String
        let accessKey: String
        let secretKey: String
        let stack: String
    }

    private struct Path {
        let text: String
        let resource: String
        let field: String
        let keys: [ByteString]
    }

    func collect() async throws -> [Output] {
        let query = try query()
        let paths = try configuration.paths.map { try path($0) }
        var document = MetadataObject()
        for path in paths {
            let value = try await value(at: path, query)
            guard let object = value.object else {
                throw ProviderError.unavailable("Path \(path.text) holds JSON that is not an object")
            }
            document.update(with: object)
        }
        return merger.outputs(of: MetadataValue(.object(document)), source: name)
    }

    // MARK: Configuration

    private func query() throws -> Query {
        func required(_ value: String?, _ title: String) throws -> String {
            guard let value else { throw ProviderError.notConfigured("No \(title) configured.") }
            return value
        }
        let url = try required(configuration.url ?? hintedURL(), "metadata_url")
        let accessKey = try required(configuration.accessKey, "Access Key ID")
        let secretKey = try required(configuration.secretKey, "Secret Access Key")
        guard !configuration.paths.isEmpty else { throw ProviderError.notConfigured("No path configured") }
        let stack = try required(configuration.stack, "stack_name")
        return Query(url: url, accessKey: accessKey, secretKey: secretKey, stack: stack)
    }

    private func hintedURL() -> String? {
        guard let hint = configuration.hint, FileContents.status(FilePath(hint))?.isRegular == true,
            let bytes = try? FileContents.read(FilePath(hint))
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop { $0.isWhitespace || $0 == "/" }
        return String(trimmed.reversed()) + "/v1/"
    }

    private func path(_ text: String) throws -> Path {
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map(
            String.init)
        guard parts.count >= 2 else {
            logger.error("Path not in format resource.field[.x.y] (\(text))")
            throw ProviderError.notConfigured("the path \(text) names no field")
        }
        let keys = parts.count == 3 && !parts[2].isEmpty ? MetadataPath(parts[2]).parts : []
        return Path(text: text, resource: parts[0], field: parts[1], keys: keys)
    }

    // MARK: Asking

    private func value(at path: Path, _ query: Query) async throws -> MetadataValue {
        let request = try request(for: path, query)
        let response = try await client.send(request)
        guard response.status < 400 else { throw MetadataClient.refusal(request, response) }
        var value = try document(of: response, path)
        for key in path.keys {
            guard let member = value.object?[key] else {
                throw ProviderError.unavailable("Sub-key \(key) does not exist. (\(path.text))")
            }
            value = member
        }
        return value
    }

    private func request(for path: Path, _ query: Query) throws -> HTTPRequest {
        let (host, urlPath) = Self.hostAndPath(query.url)
        var parameters = [
            ("Action", "DescribeStackResource"), ("StackName", query.stack),
            ("LogicalResourceId", path.resource),
            ("AWSAccessKeyId", query.accessKey), ("SignatureVersion", "2"), ("SignatureMethod", "HmacSHA256"),
        ]
        let signature = SignatureV2(method: "GET", host: host, path: urlPath, parameters: parameters)
        parameters.append(("Signature", try signature.signature(secret: query.secretKey)))
        let form = parameters.map { "\(Self.formEncoded($0.0))=\(Self.formEncoded($0.1))" }.joined(
            separator: "&")
        return client.request(
            "GET", query.url + (query.url.contains("?") ? "&" : "?") + form,
            headers: [("Content-Type", "application/json")])
    }

    /// The authority and the path of a URL, as they stand in it.
    private static func hostAndPath(_ url: String) -> (host: String, path: String) {
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        let bare = url[start...].prefix { $0 != "?" && $0 != "#" }
        let host = bare.prefix { $0 != "/" }
        return (String(host), String(bare[host.endIndex...]))
    }

    private static func formEncoded(_ text: String) -> String {
        SignatureV2.quoted(text).replacing("%20", with: "+")
    }

    // MARK: The answer

    private func document(of response: HTTPResponse, _ path: Path) throws -> MetadataValue {
        let text: [UInt8]?
        do {
            text = try StackResourceDocument.field(path.field, in: response.body)
        } catch {
            throw ProviderError.unavailable("Path \(path.text): the answer cannot be read: \(error)")
        }
        guard let text else { throw ProviderError.unavailable("Path \(path.text) does not exist.") }
        do {
            return try JSONParser.parse(text, name: path.text, valueLimit: MetadataClient.valueLimit)
        } catch {
            throw ProviderError.unavailable("Path \(path.text) failed to parse as json. (\(error))")
        }
    }
}
