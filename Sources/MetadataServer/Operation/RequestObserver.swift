// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Logging
import MetadataStore
import MetadataTree
import NIOHTTP1

/// What is around each request: the limit on its sender, the answer to what went wrong, the count, the line in the log.
///
/// A query may carry a signature, and headers a token: neither is logged.
struct RequestObserver: RouterMiddleware {
    let clients: ClientAddresses
    let rate: RateLimit?
    let metrics: ServerMetrics
    let log: AccessLog?
    let logger: Logger

    // As the protocol, whose module does not keep functions on their caller.
    @concurrent func handle(
        _ request: Request, context: ServerContext,
        next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let sender = sender(of: request.head, context.client)
        let response = isAdmitted(sender) ? try await answer(request, context, next) : Self.refused
        record(
            request.head, sender,
            Answered(
                service: Self.service(of: context.endpointPath), status: response.status.code,
                bytes: response.body.contentLength, start: start))
        return response
    }

    /// As `handle`, for an answer that is made at once; nil: there is none, or its sender is beyond the limit.
    func handle(
        _ request: PlainRequest, from client: ClientConnection, service: String,
        ready: (PlainRequest, _ isAdmitted: () -> Bool) -> ReadyAnswer?
    ) -> ReadyAnswer? {
        let start = ContinuousClock.now
        var sender: String?
        let answer = ready(request) {
            sender = self.sender(of: request, client)
            return isAdmitted(sender)
        }
        guard let answer else { return nil }
        record(
            request, sender,
            Answered(
                service: service, status: answer.head.status.code, bytes: answer.body?.readableBytes ?? 0,
                start: start))
        return answer
    }

    /// Nil where nobody wants to know.
    private func sender(of request: some RequestHead, _ client: ClientConnection) -> String? {
        rate == nil && log == nil ? nil : clients.address(of: request, from: client)
    }

    private func isAdmitted(_ sender: String?) -> Bool {
        guard let rate, let sender else { return true }
        return rate.admits(IPAddress.network(of: sender))
    }

    private struct Answered {
        let service: String
        let status: Int
        let bytes: Int?
        let start: ContinuousClock.Instant
    }

    private func record(_ request: some RequestHead, _ sender: String?, _ answered: Answered) {
        let seconds = answered.start.duration(to: .now) / .seconds(1)
        metrics.count(
            service: answered.service, method: Self.known(request.method), status: answered.status,
            seconds: seconds)
        logger.info("\(request.method.rawValue) \(Self.pathAlone(request)) \(answered.status)")
        guard let log else { return }
        let agents = request.values(of: .userAgent).joined(separator: ", ")
        log.write([
            ("time", MetadataValue(string: HTTPDate.timestamp(HTTPDate.now))),
            ("client", sender.map { MetadataValue(string: $0) }),
            ("method", MetadataValue(string: request.method.rawValue)),
            ("path", MetadataValue(string: Self.pathAlone(request))),
            ("service", MetadataValue(string: answered.service)),
            ("status", JSONShape.number(answered.status)),
            ("bytes", answered.bytes.map(JSONShape.number)),
            ("seconds", MetadataValue(.float((seconds * 1_000_000).rounded() / 1_000_000))),
            ("agent", agents.isEmpty ? nil : MetadataValue(string: String(agents.prefix(200)))),
        ])
    }

    /// Without the query.
    private static func pathAlone(_ request: some RequestHead) -> String {
        request.path.map { String($0.prefix { $0 != "?" }) } ?? ""
    }

    private func answer(
        _ request: Request, _ context: ServerContext,
        _ next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as StoreError {
            logger.error("\(error)")
            if case .full = error { return PlainResponse.text(.init(code: 507), "no room for it\n") }
            return PlainResponse.text(.serviceUnavailable, "the store cannot be used\n")
        } catch let error as any HTTPResponseError {
            return PlainResponse.text(error.status, "\(error.status.reasonPhrase)\n")
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as HTTPParserError {
            // The connection's to answer: nothing more can be read from it.
            throw error
        } catch {
            logger.error("\(request.method.rawValue) \(request.uri.path): \(error)")
            return PlainResponse.text(.internalServerError, "")
        }
    }

    private static var refused: Response {
        var response = PlainResponse.text(.tooManyRequests, "too many requests\n")
        response.headers[.retryAfter] = "1"
        return response
    }

    /// One of a few words, whatever the client says.
    private static func known(_ method: HTTPRequest.Method) -> String {
        switch method {
        case .get, .head, .post, .put, .patch, .delete: method.rawValue
        default: "other"
        }
    }

    private static func service(of path: String?) -> String {
        if path == RequestRoutes.path { return RequestRoutes.service }
        let parts = (path ?? "").split(separator: "/")
        switch parts.first {
        case nil where path != nil: return "cfn"
        case "admin", "openstack", "nocloud": return String(parts[0])
        case "healthz", "readyz", "metrics": return "operation"
        case "v3": return "keystone"
        case "v1.1", "v2": return "zaqar"
        case "v1":
            switch parts.dropFirst().first {
            case "AUTH_os-config": return "tempurl"
            case let name? where name.hasPrefix("{") || name.hasPrefix(":"): return "heat"
            default: return "cfn"
            }
        case nil: return "none"
        default: return "ec2"
        }
    }
}
