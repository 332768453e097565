// SPDX-License-Identifier: Apache-2.0

import HTTPTransport
import Synchronization

@testable import CollectConfig

/// A transport that answers from a list, and notes what it was asked.
final class ScriptedTransport: HTTPTransport {
    private let state: Mutex<(answers: [Result<HTTPResponse, HTTPError>], requests: [HTTPRequest])>

    init(_ answers: [Result<HTTPResponse, HTTPError>]) { state = Mutex((answers, [])) }

    var requests: [HTTPRequest] { state.withLock { $0.requests } }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try state.withLock { state in
            state.requests.append(request)
            return state.answers.isEmpty ? .failure(.failed("down")) : state.answers.removeFirst()
        }.get()
    }
}

extension MetadataClient {
    static func scripted(_ transport: ScriptedTransport) -> MetadataClient {
        MetadataClient(
            transport: transport, timeout: .seconds(10), answerLimit: 1 << 20, trust: HTTPRequest.Trust())
    }
}
