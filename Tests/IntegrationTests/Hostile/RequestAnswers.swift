// SPDX-License-Identifier: Apache-2.0

import TestSupport

/// What a server can do to the `request` source.
extension HostileAnswer {
    static let toRequest = broken + limitless + redirects + unreadable + statuses + names

    private static let broken: [HostileAnswer] = [
        .init("nothing", [], .down("Empty reply from server")),
        .init("no answer", [.hang], .down("no whole answer in time")),
        .init("a reset before the answer", [.reset], .down("reset")),
        .init("half a status line, and a reset", [.text("HTTP/1.1 20"), .reset], .down("reset")),
        .init("half a status line, and the end", [.text("HTTP/1.1 20")], .down("Empty reply from server")),
        .init("half a head, and the end", [.text("HTTP/1.1 200 OK\r\nContent-Ty")], .down("json")),
        .init("half a head, and a reset", [.text("HTTP/1.1 200 OK\r\nContent-Ty"), .reset], .down("reset")),
        .init(
            "a head, and nothing more", [.head("HTTP/1.1 200 OK", "Content-Length: 8"), .hang],
            .down("no whole answer in time")),
        .init(
            "half a body, and the end", [.head("HTTP/1.1 200 OK", "Content-Length: 8"), .text("{\"a\"")],
            .down("4 bytes remaining")),
        .init(
            "half a body, and a reset",
            [.head("HTTP/1.1 200 OK", "Content-Length: 8"), .text("{\"a\""), .reset], .down("reset")),
        .init(
            "a length that is too small",
            [.head("HTTP/1.1 200 OK", "Content-Length: 3", "Connection: close"), .text("{\"a\": 9}")],
            .down("json")),
        .init(
            "a length below zero", [.head("HTTP/1.1 200 OK", "Content-Length: -8"), .text("{\"a\": 9}")],
            .down("Content-Length")),
        .init(
            "a length that is no number",
            [.head("HTTP/1.1 200 OK", "Content-Length: all"), .text("{\"a\": 9}")],
            .down("Content-Length")),
        .init(
            "a chunk whose size is no number",
            [.head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"), .text("zz\r\n{}\r\n0\r\n\r\n")],
            .down("chunk")),
        .init(
            "chunks without an end",
            [.head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"), .text("2\r\n{}\r\n")],
            .down("transfer closed")),
        .init("HTTP/0.9", [.text("{\"a\": 9}")], .down("HTTP/0.9")),
        .init("another protocol", [.text("SSH-2.0-OpenSSH_9.2p1\r\n")], .down("HTTP/0.9")),
        .init(
            "a status that is no number", [.head("HTTP/1.1 OK", "Content-Length: 2"), .text("{}")],
            .down("Unsupported HTTP version")),
    ]

    private static let limitless: [HostileAnswer] = [
        .init("a body without an end", [.head("HTTP/1.1 200 OK"), .endlessly(spaces)], .down(tooLong)),
        .init(
            "a length beyond the limit", [.head("HTTP/1.1 200 OK", "Content-Length: 99999999999"), .hang],
            .down("no whole answer in time")),
        .init(
            "chunks for ever",
            [
                .head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"),
                .endlessly(Array("1000\r\n".utf8) + spaces.prefix(0x1000) + Array("\r\n".utf8)),
            ], .down(tooLong)),
        .init(
            "headers for ever", [.text("HTTP/1.1 200 OK\r\n"), .endlessly(Array("X: y\r\n".utf8))],
            .down("head")),
        .init(
            "one header for ever", [.text("HTTP/1.1 200 OK\r\nX: "), .endlessly(spaces)],
            .down("a header of the answer is too long")),
        .init(
            "interim answers for ever", [.endlessly(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))],
            .down("head")),
        .init(
            "a head, byte by byte", [.trickle(Array("HTTP/1.1 200 OK\r\nX: \(padding)\r\n".utf8))],
            .down("no whole answer in time")),
        .init(
            "a body, byte by byte", [.head("HTTP/1.1 200 OK"), .trickle(Array(padding.utf8))],
            .down("no whole answer in time")),
        .bytes("a bomb of gzip", headers: ["Content-Encoding: gzip"], Compressed.zeros, tooLong),
        .bytes("gzip that is none", headers: ["Content-Encoding: gzip"], Array("{\"a\": 9}".utf8), "content"),
        .bytes(
            "half of gzip", headers: ["Content-Encoding: gzip"], Array(Compressed.zeros.prefix(30)), "json"),
        .bytes(
            "an unknown encoding", headers: ["Content-Encoding: br"], Array("{\"a\": 9}".utf8), "Encoding"),
    ]

    private static let redirects: [HostileAnswer] = [
        .init(
            "a redirect to itself", [.answer("302 Found", ["Location: /x"])], .down("more than 10 redirects")),
        .init(
            "a redirect to a file", [.answer("302 Found", ["Location: file:///etc/passwd"])],
            .down("a redirect to another scheme is not followed")),
        .init(
            "a redirect to ftp", [.answer("301 Moved", ["Location: ftp://127.0.0.1/x"])],
            .down("a redirect to another scheme is not followed")),
        .init(
            "a redirect to nobody", [.answer("302 Found", ["Location: http://127.0.0.1:1/?token=s3cret"])],
            .down("127.0.0.1")),
        .init(
            "a redirect to nonsense", [.answer("302 Found", ["Location: http://[::zz/"])], .down("redirect")),
        .init("a redirect to nowhere", [.answer("302 Found")], .down("answered 302")),
    ]

    private static let unreadable: [HostileAnswer] = [
        .init(
            "a page for people", [.answer("200 OK", ["Content-Type: text/html"], "<html>Log in</html>")],
            .down("Failed to parse as json")),
        .body("nothing at all", "", "Failed to parse as json"),
        .body("half a document", #"{"a": "#, "Failed to parse as json"),
        .body("two documents", "{} {}", "Failed to parse as json"),
        .body("a list", "[1]", "JSON that is not an object"),
        .body("a number", "1", "JSON that is not an object"),
        .body("a string", "\"a\"", "JSON that is not an object"),
        .body("null", "null", "JSON that is not an object"),
        .body(
            "10,000 levels", String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000),
            "Failed to parse as json"),
        .body(
            "10,000 levels of objects",
            String(repeating: "{\"a\":", count: 10_000) + "1" + String(repeating: "}", count: 10_000),
            "Failed to parse as json"),
        .init(
            "a number of a gigabyte", [.head("HTTP/1.1 200 OK"), .text("{\"a\": "), .endlessly(nines)],
            .down(tooLong)),
        .body(
            "a number of half a million digits", "{\"a\": \(String(repeating: "9", count: 500_000))}",
            "Failed to parse as json"),
        .bytes(
            "UTF-16", headers: ["Content-Type: application/json; charset=utf-16"], utf16(#"{"a": 9}"#), "json"
        ),
        .bytes("what is not UTF-8", Array("{\"a\": \"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8), "json"),
        .bytes("bytes of TLS", [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28], "json"),
        .body("a NUL in the document", "{\"a\": \"\0\"}", "Failed to parse as json"),
    ]

    private static let statuses: [HostileAnswer] = [
        .init("204 No Content", [.head("HTTP/1.1 204 No Content")], .down("unexpected end of the document")),
        .status("304 Not Modified"), .status("400 Bad Request"),
        .status("401 Unauthorized", ["WWW-Authenticate: Basic realm=\"x\""]), .status("403 Forbidden"),
        .status("404 Not Found"), .status("407 Proxy Authentication Required"), .status("410 Gone"),
        .status("429 Too Many Requests", ["Retry-After: 3600"]),
        .status("500 Internal Server Error"), .status("503 Service Unavailable", ["Retry-After: 3600"]),
        .status("999 Beyond"),
    ]

    private static let names: [HostileAnswer] = [
        .deployment("a name with a slash", #""a/b""#, "refused: it would lead out of the cache"),
        .deployment("a name that leads up", #""../../evil""#, "refused: it would lead out of the cache"),
        .deployment("an absolute name", #""/etc/evil""#, "refused: it would lead out of the cache"),
        .deployment("the name ..", #""..""#, "refused: it would lead out of the cache"),
        .deployment("a name with NUL", #""evil\u0000.json""#, "refused: it holds a control character"),
        .deployment("a name with a newline", #""evil\nREADY=1""#, "refused: it holds a control character"),
        .deployment("a name with a colon", #""a:evil""#, "refused: a colon parts the paths"),
        .deployment("the name of a source", #""ec2""#, "refused: the name is taken"),
        .deployment("the name of the list", #""os_config_files""#, "refused: the name is taken"),
        .deployment("half a surrogate as name", #""\ud800""#, "refused: it is not UTF-8"),
        .deployment(
            "a name of 300 letters", "\"\(String(repeating: "n", count: 300))\"", "refused: it is longer than"
        ),
        .deployment("an object as name", "{}", "No name found for a deployment"),
        .init("an object of deployments", [.answer("200 OK", [], #"{"deployments": {}}"#)], .used("a list")),
    ]

    private static let tooLong = "the answer has more than \(HostileServerTests.answerLimit) bytes"
    private static let spaces = [UInt8](repeating: 0x20, count: 65536)
    private static let nines = [UInt8](repeating: 0x39, count: 65536)
    private static let padding = String(repeating: "y", count: 1000)

    private static func utf16(_ text: String) -> [UInt8] {
        text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    }
}
