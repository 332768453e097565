// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// What a server can do to the `ec2` source.
extension HostileAnswer {
    static let toMetadataService: [HostileAnswer] = [
        .listing("a listing that leads up", "../../etc/passwd\n", "an entry that is no name"),
        .listing("an entry of two dots", "..\n", "an entry that is no name"),
        .listing("an entry with a query", "a?b\n", "an entry that is no name"),
        .listing("an entry with a space", "GET / HTTP/1.1\n", "an entry that is no name"),
        .listing("a listing that goes on in itself", "a/\n", "goes deeper than 16 levels"),
        .listing(
            "a listing of 5,000 entries", (0..<5000).map { "entry\($0)" }.joined(separator: "\n"),
            "more than 4096 entries"),
        .init("a refusal without a token to be had", [.answer("401 Unauthorized")], .down("gave no token")),
        .status("404 Not Found"),
        .init("a page without an end", [.head("HTTP/1.1 200 OK"), .endlessly(letters)], .down("bytes")),
        .init("no answer", [.hang], .down("no whole answer in time")),
        .init("a reset", [.reset], .down("reset")),
        .init("nothing", [], .down("Empty reply from server")),
    ]

    private static let letters = [UInt8](repeating: 0x61, count: 65536)

    /// Every path is answered with this listing.
    private static func listing(_ name: String, _ text: String, _ reason: String) -> HostileAnswer {
        .init(name, [.answer("200 OK", ["Content-Type: text/plain"], text)], .down(reason))
    }
}
