// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MetadataStore

/// What tells whether and how the server does:
///
///     GET /healthz     it runs
///     GET /readyz      its store can be read, and it is not about to stop
///     GET /metrics     counts, for Prometheus
struct OperationRoutes {
    let store: any MetadataStore
    let feed: ChangeFeed
    let metrics: ServerMetrics

    func register(on router: Router<ServerContext>) {
        router.get("healthz") { _, _ in PlainResponse.text(.ok, "ok\n") }
        router.get("readyz") { _, _ in
            guard !feed.isClosed else { return PlainResponse.text(.serviceUnavailable, "stopping\n") }
            do {
                try await store.check()
                return PlainResponse.text(.ok, "ok\n")
            } catch {
                return PlainResponse.text(.serviceUnavailable, "the store cannot be read\n")
            }
        }
        router.get("metrics") { _, _ in
            PlainResponse.text(.ok, metrics.text, type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }
}
