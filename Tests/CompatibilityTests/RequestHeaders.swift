// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The headers of a request, so that the original's and ours can be compared.
enum RequestHeaders {
    /// Ruled to differ: who asks, whether there is anything new, who is asking, and how long the server may wait.
    private static let ruled: Set<String> = [
        "user-agent", "if-none-match", "if-modified-since", "authorization", "prefer",
    ]
    /// Different in every run.
    private static let random: Set<String> = ["client-id"]

    /// `METHOD target`, then the headers in any order, then the body with its members in any order.
    static func comparable(_ request: String) -> String {
        let parts = request.components(separatedBy: "\r\n\r\n")
        var lines = parts[0].components(separatedBy: "\r\n")
        let first = lines.removeFirst()
        let headers = lines.compactMap { line -> String? in
            let name = line.prefix { $0 != ":" }.lowercased()
            if ruled.contains(name) { return nil }
            let value = line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
            return "\(name): \(random.contains(name) ? "\(value.count) characters" : value)"
        }
        let body = parts.dropFirst().joined(separator: "\r\n\r\n")
        return ([first] + headers.sorted() + [canonical(body)]).joined(separator: "\n")
    }

    private static func canonical(_ body: String) -> String {
        guard let value = try? JSONSerialization.jsonObject(with: Data(body.utf8)),
            let data = try? JSONSerialization.data(withJSONObject: value, options: .sortedKeys)
        else { return body }
        return String(decoding: data, as: UTF8.self)
    }
}
