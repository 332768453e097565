// SPDX-License-Identifier: Apache-2.0

package import HTTPTransport
import Synchronization

/// A transport that answers from a list, and notes what it was asked.
package final class ScriptedTransport: HTTPTransport {
    private let state: Mutex<(answers: [Result<HTTPResponse, HTTPError>], requests: [HTTPRequest])>

    package init(_ answers: [Result<HTTPResponse, HTTPError>]) { state = Mutex((answers, [])) }

    package var requests: [HTTPRequest] { state.withLock { $0.requests } }

    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try state.withLock { state in
            state.requests.append(request)
            return state.answers.isEmpty ? .failure(.failed("down")) : state.answers.removeFirst()
        }.get()
    }
}
