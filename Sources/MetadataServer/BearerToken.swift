// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import RequestSigning

/// What a request proves itself with in its header `Authorization`.
enum BearerToken {
    /// A bearer token, or the password of somebody who can only name a user and a password in a URL (RFC 7617).
    static func orPassword(_ request: some RequestHead) -> Substring? {
        if let token = of(request) { return token }
        guard let encoded = credentials(of: request, scheme: "basic "), let bytes = Base64.decode(encoded)
        else { return nil }
        let pair = String(decoding: bytes, as: UTF8.self)
        return pair.firstIndex(of: ":").map { pair[pair.index(after: $0)...] }
    }

    /// RFC 6750.
    static func of(_ request: some RequestHead) -> Substring? {
        credentials(of: request, scheme: "bearer ")
    }

    /// What stands behind a scheme, which is written in any case.
    private static func credentials(of request: some RequestHead, scheme: StaticString) -> Substring? {
        // Two of them prove nothing.
        let headers = request.values(of: .authorization)
        guard headers.count == 1, let header = headers.first else { return nil }
        let bytes = header.utf8
        let isScheme = scheme.withUTF8Buffer { scheme in
            bytes.count >= scheme.count && zip(bytes, scheme).allSatisfy { $0 | 0x20 == $1 }
        }
        guard isScheme,
            let start = bytes.dropFirst(scheme.utf8CodeUnitCount).firstIndex(where: { $0 != 0x20 })
        else { return nil }
        return header[start...]
    }
}
