// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MetadataTree

/// Signals as messages in a queue that is named after the deployment: `POST /v1.1|v2/queues/{queue}/messages`, with a token of Keystone's.
///
/// Source of the format: OpenStack Messaging API v1.1 and v2.
struct ZaqarRoutes {
    let tokens: KeystoneTokens
    let intake: SignalIntake

    func register(on router: Router<ServerContext>) {
        for version in ["v1.1", "v2"] {
            router.post(RouterPath("\(version)/queues/:queue/messages")) { request, context in
                guard let (node, _) = try await tokens.node(of: request.headers[.authToken]) else {
                    return PlainResponse.text(.unauthorized, "Authentication required\n")
                }
                let queue = QueryString.decoded(
                    Substring(try context.parameters.require("queue")), plusIsSpace: false)
                let answer = #"{"resources": []}"#
                return try await SignalAnswer.of(.created, request, json: answer) { body in
                    for message in try Self.messages(in: body) {
                        try await intake.deployment(
                            node, id: queue, body: JSONWriter.bytes(of: message))
                    }
                }
            }
        }
    }

    private static func messages(in body: [UInt8]) throws -> [MetadataValue] {
        do {
            let value = try JSONParser.parse(body, name: "messages", valueLimit: 100_000)
            guard let list = value.object?["messages"]?.array ?? value.array else {
                throw SignalError(description: "messages is a list")
            }
            return list.map { $0.object?["body"] ?? .null }
        } catch let error as JSONError {
            throw SignalError(description: "\(error)")
        }
    }
}
