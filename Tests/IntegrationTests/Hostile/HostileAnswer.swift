// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// An answer that no good server gives, and what the collector has to make of it.
struct HostileAnswer: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// The source is down, for this reason.
        case down(String)
        /// The document is used; this is logged about it.
        case used(String?)
    }

    let name: String
    let steps: [HostileServer.Step]
    let outcome: Outcome

    init(_ name: String, _ steps: [HostileServer.Step], _ outcome: Outcome) {
        self.name = name
        self.steps = steps
        self.outcome = outcome
    }

    var testDescription: String { name }

    /// In seconds: short where it is what ends the request.
    var timeLimit: Double {
        if case .down(let reason) = outcome, reason.contains("in time") { return 0.5 }
        return 10
    }
}

// MARK: The pieces of answers

extension HostileAnswer {
    /// A whole answer with a body that is to be down for `reason`.
    static func body(_ name: String, _ text: String, _ reason: String) -> HostileAnswer {
        .init(name, [.answer("200 OK", ["Content-Type: application/json"], text)], .down(reason))
    }

    static func bytes(_ name: String, headers: [String] = [], _ body: [UInt8], _ reason: String)
        -> HostileAnswer
    {
        let head = ["HTTP/1.1 200 OK", "Content-Length: \(body.count)", "Connection: close"] + headers
        return .init(
            name, [.text(head.joined(separator: "\r\n") + "\r\n\r\n"), .send(body)], .down(reason))
    }

    static func status(_ status: String, _ headers: [String] = []) -> HostileAnswer {
        .init(
            status, [.answer(status, headers, "{}")],
            .down("answered \(status.split(separator: " ").first ?? "")"))
    }

    /// A deployment of this name, as JSON writes it.
    static func deployment(_ title: String, _ name: String, _ remark: String) -> HostileAnswer {
        let text = #"{"deployments": [{"name": \#(name), "config": {"evil": 1}}]}"#
        return .init(title, [.answer("200 OK", [], text)], .used(remark))
    }
}

extension HostileServer.Step {
    /// A head with these lines, and the empty line behind them.
    static func head(_ lines: String...) -> Self {
        .text(lines.joined(separator: "\r\n") + "\r\n\r\n")
    }
}

/// A document near the limits that are the default: 16 MiB, and 500,000 values.
struct LargeAnswer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String
    /// Nil: it is used.
    var reason: String?

    static let all = [
        LargeAnswer(testDescription: "249,000 lists of a number", text: lists(249_000)),
        LargeAnswer(
            testDescription: "4,000,000 lists of a number", text: lists(4_000_000),
            reason: "the document has more than 500000 values"),
        LargeAnswer(
            testDescription: "a text of 16 MB",
            text: "{\"a\": \"\(String(repeating: "x", count: 16_000_000))\"}"),
        LargeAnswer(
            testDescription: "490,000 keys",
            text: "{" + (0..<490_000).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"),
    ]

    private static func lists(_ count: Int) -> String {
        "{\"a\": [[0]" + String(repeating: ",[0]", count: count - 1) + "]}"
    }
}
