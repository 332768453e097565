// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport

/// Decides what a server answers: mostly the document as it is, now and then one that has changed, and every third time a fault.
final class FaultyService: Sendable {
    private struct State {
        var generator: SeededGenerator
        var version = 0
        /// The versions that were given, in order, each once.
        var given: [Int] = []
    }

    private static let faults: [[HostileServer.Step]] = [
        [], [.reset], [.text("HTTP/1.1 200 OK\r\nContent-Len"), .reset],
        [.text("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"version\"")],
        [.answer("500 Internal Server Error", [], "oh")], [.answer("401 Unauthorized")],
        [.answer("302 Found", ["Location: file:///etc/passwd"])], [.answer("200 OK", [], "<html>")],
        [.answer("200 OK", [], #"{"version": 1"#)], [.answer("200 OK", [], "[]")],
        [.answer("200 OK", ["Content-Encoding: gzip"], "no gzip")], [.text("SSH-2.0-x\r\n")],
        [.text("HTTP/1.1 200 OK\r\n"), .endlessly([UInt8](repeating: 0x61, count: 4096))],
    ]

    private let state: Mutex<State>
    private let document: @Sendable (Int) -> String

    /// - Parameter document: the document of a version.
    init(seed: UInt64, document: @escaping @Sendable (Int) -> String) {
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
        self.document = document
    }

    var given: [Int] { state.withLock { $0.given } }

    /// The steps of the next answer.
    func next() -> [HostileServer.Step] {
        state.withLock { state in
            guard UInt.random(in: 0..<3, using: &state.generator) > 0 else {
                return Self.faults.randomElement(using: &state.generator) ?? []
            }
            if UInt.random(in: 0..<200, using: &state.generator) == 0 { state.version += 1 }
            if state.given.last != state.version { state.given.append(state.version) }
            return [.answer("200 OK", [], document(state.version))]
        }
    }
}
