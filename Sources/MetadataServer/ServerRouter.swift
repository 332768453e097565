// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import Logging
import MetadataStore
import MetadataTree
import SystemPackage

/// Answers requests by the routes of all protocols, and those whose answer is ready without them.
struct ServerAnswers: HTTPAnswers {
    private let routes: any HTTPResponder<ServerContext>
    private let requests: RequestRoutes
    private let observer: RequestObserver
    private let logger: Logger

    fileprivate init(
        _ routes: any HTTPResponder<ServerContext>, requests: RequestRoutes, observer: RequestObserver
    ) {
        self.routes = routes
        self.requests = requests
        self.observer = observer
        logger = observer.logger
    }

    func ready(_ request: PlainRequest, from client: ClientConnection) -> ReadyAnswer? {
        observer.handle(request, from: client, service: RequestRoutes.service, ready: requests.ready)
    }

    func answer(_ request: Request, from client: ClientConnection) async throws -> Response {
        try await routes.respond(
            to: request, context: ServerContext(source: .init(client: client, logger: logger)))
    }
}

/// All protocols, each with the routes of its folder.
struct ServerRouter {
    let settings: ServerSettings
    let source: ServedNodes
    let feed: ChangeFeed
    let deliveries: DeliveryRecorder
    let metrics: ServerMetrics
    let logger: Logger

    var answers: ServerAnswers {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        let observer = RequestObserver(
            clients: settings.clients, rate: settings.rate.map { RateLimit(rate: $0) }, metrics: metrics,
            log: settings.accessLog, logger: logger)
        router.addMiddleware { observer }
        let store = source.store
        let bases = settings.bases
        let intake = SignalIntake(store: store, logger: logger)
        let tokens = KeystoneTokens(store: store)
        OperationRoutes(store: store, feed: feed, metrics: metrics).register(on: router)
        let requests = RequestRoutes(
            cache: RepresentationCache(store: store, feed: feed), feed: feed, deliveries: deliveries,
            bases: bases)
        requests.register(on: router)
        let cloudFormation = CloudFormationRoutes(
            store: store, intake: intake, deliveries: deliveries, bases: bases)
        cloudFormation.register(on: router)
        TemporaryURLRoutes(store: store, intake: intake).register(on: router)
        let keystone = KeystoneRoutes(tokens: tokens, bases: bases)
        keystone.register(on: router)
        HeatRoutes(tokens: tokens, intake: intake, deliveries: deliveries, bases: bases).register(on: router)
        ZaqarRoutes(tokens: tokens, intake: intake).register(on: router)
        let instances = registerInstances(on: router)
        registerAdministration(on: router)
        // Three protocols have it: a query is one of CloudFormation's, and whoever wants JSON asks for Keystone's versions.
        router.get("/") { request, _ in
            if request.uri.query != nil { return try await cloudFormation.answer(request) }
            let wantsJSON = request.headers[.accept]?.contains("application/json") == true
            return wantsJSON ? keystone.versions(request) : instances.versions()
        }
        return ServerAnswers(router.buildResponder(), requests: requests, observer: observer)
    }

    private func registerInstances(on router: Router<ServerContext>) -> EC2Routes {
        let requests = InstanceRequests(store: source.store, clients: settings.clients)
        let instances = EC2Routes(requests: requests, requiresToken: settings.requiresSessionToken)
        instances.register(on: router)
        if !settings.requiresSessionToken {
            // They know no tokens, and would tell the same without one.
            OpenStackRoutes(requests: requests).register(on: router)
            NoCloudRoutes(requests: requests).register(on: router)
        }
        return instances
    }

    private func registerAdministration(on router: Router<ServerContext>) {
        guard let access = source.access else { return }
        let readOnlySource: String? =
            if case .files(let path) = settings.nodes { path.string } else { nil }
        let log = settings.auditLog
        let nodes = NodeAdministration(store: source.store, readOnlySource: readOnlySource) { event in
            log.write([
                ("time", MetadataValue(string: HTTPDate.timestamp(event.time))),
                ("audit", MetadataValue(string: event.kind.rawValue)),
                ("node", MetadataValue(string: event.node)), ("author", MetadataValue(string: event.author)),
                ("revision", JSONShape.number(event.revision)),
            ])
        }
        AdminRoutes(access: access, nodes: nodes, bases: settings.bases).register(on: router)
    }
}
