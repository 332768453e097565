// SPDX-License-Identifier: Apache-2.0

import Glibc
import Hummingbird
import MetadataStore

/// Signals as objects that are written with a temporary URL: `PUT /v1/AUTH_os-config/{node}/{deployment}`.
struct TemporaryURLRoutes {
    let store: any MetadataStore
    let intake: SignalIntake

    func register(on router: Router<ServerContext>) {
        router.put("v1/AUTH_os-config/:node/:deployment") { request, context in
            let query = QueryString(request.uri.query ?? "")
            let name = QueryString.decoded(Substring(try context.parameters.require("node")))
            let subject = QueryString.decoded(Substring(try context.parameters.require("deployment")))
            guard let signature = query["temp_url_sig"], let expires = query["temp_url_expires"],
                let end = Int(expires), end > time(nil), let node = try await store.node(name),
                try SignalURLs.isSigned(
                    signature, by: node, path: SignalURLs.temporaryPath(node: name, subject: subject),
                    expires: end)
            else {
                return PlainResponse.text(.unauthorized, "Temp URL invalid\n")
            }
            return try await SignalAnswer.of(.created, request) { body in
                try await intake.deployment(node, id: subject, body: body)
            }
        }
    }
}
