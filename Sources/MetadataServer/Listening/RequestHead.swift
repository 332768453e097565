// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import NIOHTTP1

/// What a request says before its body.
protocol RequestHead {
    var method: HTTPRequest.Method { get }
    var scheme: String? { get }
    var authority: String? { get }
    var path: String? { get }

    /// Of each header with that name.
    func values(of name: HTTPField.Name) -> [String]
}

extension HTTPRequest: RequestHead {
    func values(of name: HTTPField.Name) -> [String] { headerFields[values: name] }
}

/// A request for something that is to be read, without a body, whose connection stays.
///
/// Its headers' values end with no white space, which NIO leaves to them and HTTP's types do not: by both it is taken for the same.
struct PlainRequest: RequestHead {
    private static let others = [
        "content-length", "transfer-encoding", "expect", "upgrade",
    ]

    let method: HTTPRequest.Method
    private let isSecure: Bool
    private let head: HTTPRequestHead

    /// Nil: it is another one.
    init?(_ head: HTTPRequestHead, isSecure: Bool) {
        switch head.method {
        case .GET: method = .get
        case .HEAD: method = .head
        default: return nil
        }
        guard head.version == .http1_1, head.isKeepAlive else { return nil }
        guard !head.headers.contains(where: { Self.isOther($0.name) || Self.endsWithSpace($0.value) }) else {
            return nil
        }
        self.head = head
        self.isSecure = isSecure
    }

    var scheme: String? { isSecure ? "https" : "http" }
    var authority: String? { head.headers.first(name: "host") }
    var path: String? { head.uri }

    func values(of name: HTTPField.Name) -> [String] { head.headers[name.rawName] }

    private static func endsWithSpace(_ value: String) -> Bool {
        switch value.utf8.last {
        case UInt8(ascii: " "), UInt8(ascii: "\t"): true
        default: false
        }
    }

    private static func isOther(_ name: String) -> Bool {
        let bytes = name.utf8
        return others.contains { other in
            bytes.count == other.utf8.count && zip(bytes, other.utf8).allSatisfy { $0 | 0x20 == $1 }
        }
    }
}
