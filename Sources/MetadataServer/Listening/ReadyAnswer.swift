// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore

/// A whole answer that nothing has to be waited for.
struct ReadyAnswer: Sendable {
    /// What all answers with the same body begin with.
    final class Head: Sendable {
        let status: HTTPResponse.Status
        let fields: HTTPFields
        /// As HTTP/1.1 writes it (RFC 9112, 4 and 5), without the empty line at its end.
        fileprivate let encoded: ByteBuffer

        init(_ status: HTTPResponse.Status, _ fields: HTTPFields) {
            self.status = status
            self.fields = fields
            var text = "HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\n"
            for field in fields { text += "\(field.name.rawName): \(field.value)\r\n" }
            encoded = ByteBuffer(string: text)
        }
    }

    /// Longer bodies, in bytes, are not copied behind their head.
    private static let copyLimit = 4096

    let head: Head
    /// The wait that was granted, in seconds; nil: none was asked for.
    var waited: Int?
    /// Nil: it has none, as an answer to HEAD.
    var body: ByteBuffer?

    var response: Response {
        var response = Response(status: head.status, headers: head.fields)
        if let waited { response.headers[.preferenceApplied] = "wait=\(waited)" }
        if let body { response.body = ResponseBody(byteBuffer: body) }
        // That of the body that is not there, or none where there never is one.
        response.headers[.contentLength] = head.fields[.contentLength]
        return response
    }

    /// Gives the pieces of the answer as HTTP/1.1 writes it.
    func encode(date: String, _ write: (ByteBuffer) -> Void) {
        let copied = body.flatMap { $0.readableBytes <= Self.copyLimit ? $0 : nil }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(head.encoded.readableBytes + (copied?.readableBytes ?? 0) + 96)
        bytes.writeImmutableBuffer(head.encoded)
        if let waited { bytes.writeString("\(HTTPField.Name.preferenceApplied): wait=\(waited)\r\n") }
        bytes.writeStaticString("Date: ")
        bytes.writeString(date)
        bytes.writeStaticString("\r\n\r\n")
        if let copied { bytes.writeImmutableBuffer(copied) }
        write(bytes)
        if copied == nil, let body { write(body) }
    }
}
